import JSON

/// How a job's concurrency key is made from its payload: literal text with fields in braces,
/// such as `{repository.full_name}` or `user-{sender.id}`.
package struct KeyTemplate: Sendable, Equatable {
    /// The longest key that the function library takes.
    static let maxBytes = 256

    private enum Piece: Sendable, Equatable {
        case literal(String)
        case field([String])
    }

    private var pieces: [Piece] = []

    /// - Throws: `ReceiverError.badTemplate` for braces that do not pair and for an empty name in a path.
    package init(_ text: String) throws(ReceiverError) {
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{" else { throw .badTemplate(text, fault: "has a } without a {") }
            if brace > rest.startIndex { pieces.append(.literal(String(rest[..<brace]))) }
            let inside = rest[rest.index(after: brace)...]
            guard let end = inside.firstIndex(where: { $0 == "{" || $0 == "}" }), inside[end] == "}" else {
                throw .badTemplate(text, fault: "has a { without a }")
            }
            let path = inside[..<end].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard path.allSatisfy({ !$0.isEmpty }) else {
                throw .badTemplate(text, fault: "has a field with an empty name")
            }
            pieces.append(.field(path))
            rest = inside[inside.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.literal(String(rest))) }
        guard !pieces.isEmpty else { throw .badTemplate("\"\"", fault: "is empty") }
    }

    /// The key for a payload; nil when a field is missing or is no string, number or boolean: such a job has no key.
    ///
    /// What Redis would refuse in a key is mended and not refused, for a delivery must not be lost over it: control
    /// characters become `?`, and a key is cut at 256 bytes, so that two long ones may share their slots.
    func key(for payload: RawJSON) -> String? {
        var key = ""
        for piece in pieces {
            switch piece {
            case .literal(let text): key += text
            case .field(let path):
                guard let value = payload.value(at: path) else { return nil }
                switch value.kind {
                case .string:
                    guard let text = value.string else { return nil }
                    key += text
                case .number, .boolean: key += String(buffer: value.bytes)
                case .object, .array, .null: return nil
                }
            }
        }
        let mended = String(
            String.UnicodeScalarView(key.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        return mended.isEmpty ? nil : mended.cut(toBytes: Self.maxBytes)
    }
}

extension String {
    /// The longest beginning of whole characters that has at most `limit` bytes.
    fileprivate func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
