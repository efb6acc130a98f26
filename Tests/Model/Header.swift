/// A job's header: one flat object of strings and numbers, the latter kept as their digits.
enum Header {
    /// Nil if it is not such an object.
    static func fields(_ line: Substring) -> [String: String]? {
        var text = line.utf8[...]
        func skip(_ byte: Character) -> Bool {
            guard text.first == byte.asciiValue else { return false }
            text = text.dropFirst()
            return true
        }
        func quoted() -> String? {
            guard skip("\"") else { return nil }
            var bytes: [UInt8] = []
            while let byte = text.first {
                text = text.dropFirst()
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\") else {
                    bytes.append(byte)
                    continue
                }
                guard let escaped = text.first else { return nil }
                text = text.dropFirst()
                bytes.append(escaped)
            }
            return nil
        }
        guard skip("{") else { return nil }
        var fields: [String: String] = [:]
        while !skip("}") {
            _ = skip(",")
            guard let name = quoted(), skip(":") else { return nil }
            if text.first == UInt8(ascii: "\"") {
                guard let value = quoted() else { return nil }
                fields[name] = value
            } else {
                let digits = text.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
                fields[name] = String(Substring(digits))
                text = text[digits.endIndex...]
            }
        }
        return fields
    }
}
