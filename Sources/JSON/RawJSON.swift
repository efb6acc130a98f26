import NIOCore

/// A JSON value as it stands in a text: its bytes, known to be JSON, and a way to look into them.
///
/// Slices share the text's memory; nothing is copied or re-encoded.
package struct RawJSON: Sendable {
    package enum Kind { case object, array, string, number, boolean, null }

    /// Exactly the value, without the space around it.
    package let bytes: ByteBuffer

    /// - Throws: `JSONFault` unless `text` is one JSON value and nothing else.
    package init(_ text: ByteBuffer) throws(JSONFault) {
        let found = text.withUnsafeReadableBytes { bytes -> Result<Range<Int>, JSONFault> in
            var scanner = JSONScanner(bytes)
            do throws(JSONFault) {
                return .success(try scanner.document())
            } catch {
                return .failure(error)
            }
        }
        self.init(text, at: try found.get())
    }

    private init(_ buffer: ByteBuffer, at range: Range<Int>) {
        var buffer = buffer
        buffer.moveReaderIndex(forwardBy: range.lowerBound)
        bytes = buffer.readSlice(length: range.count) ?? ByteBuffer()
    }

    package var kind: Kind {
        switch bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The text of a number, as it was written.
    package var number: String? { kind == .number ? String(buffer: bytes) : nil }

    /// A number without fraction and exponent.
    package var integer: Int? { number.flatMap { Int($0) } }

    /// The first `limit` elements of an array; nil for other kinds.
    package func elements(upTo limit: Int) -> [RawJSON]? {
        guard kind == .array else { return nil }
        return bytes.withUnsafeReadableBytes { pointer in
            var scanner = JSONScanner(pointer, at: 1)
            var found: [RawJSON] = []
            // The text is known to be JSON, so nothing can be thrown here.
            while found.count < limit, !scanner.take("]"), let range = try? scanner.value() {
                found.append(RawJSON(bytes, at: range))
                _ = scanner.take(",")
            }
            return found
        }
    }

    /// Visits the members of an object in their order, repeated names included, until `visit` answers false; other
    /// kinds have none.
    package func visitMembers(_ visit: (_ name: String, _ value: RawJSON) -> Bool) {
        guard kind == .object else { return }
        bytes.withUnsafeReadableBytes { pointer in
            var scanner = JSONScanner(pointer, at: 1)
            while !scanner.take("}"), let name = try? scanner.name(), let range = try? scanner.value() {
                // A name that is no Unicode matches no field; U+FFFD keeps it from being the empty name.
                guard visit(RawJSON(bytes, at: name).string ?? "\u{FFFD}", RawJSON(bytes, at: range)) else { return }
                _ = scanner.take(",")
            }
        }
    }

    /// The members of an object that are not null; nil for other kinds. Of a repeated name the last one counts.
    package var members: [String: RawJSON]? {
        guard kind == .object else { return nil }
        var members: [String: RawJSON] = [:]
        visitMembers { name, value in
            members[name] = value.kind == .null ? nil : value
            return true
        }
        return members
    }

    /// The value under a path of names. Of a repeated name the last one counts, as in `jsonb` and in most decoders.
    package func value(at path: [String]) -> RawJSON? {
        var value = self
        for wanted in path {
            var found: RawJSON?
            value.visitMembers { name, member in
                if name == wanted { found = member }
                return true
            }
            guard let found else { return nil }
            value = found
        }
        return value
    }
}
