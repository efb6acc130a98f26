import NIOCore

/// Writes JSON text that Postgres's jsonb takes.
struct JSONWriter {
    private(set) var text = ByteBuffer()

    /// Writes what stands between two strings as it is: brackets, colons, commas, numbers.
    mutating func write(raw: StaticString) { text.writeStaticString(raw) }

    /// Writes a string, a number, a bool or null; the record of an activity has nothing else.
    mutating func write(_ scalar: JSON?) {
        switch scalar {
        case .string(let string)?: write(string)
        case .number(let number)?: text.writeString(number)
        case .bool(let bool)?: text.writeString(bool ? "true" : "false")
        case .null?, .array?, .object?, nil: text.writeStaticString("null")
        }
    }

    /// Writes a string, or as much of it as fits into `limit` bytes with its quotes; false if it was cut.
    @discardableResult
    mutating func write(_ string: String, limit: Int = .max) -> Bool {
        let start = text.writerIndex
        text.writeInteger(UInt8(ascii: "\""))
        var isWhole = true
        for scalar in string.unicodeScalars {
            let mark = text.writerIndex
            write(scalar)
            if text.writerIndex - start >= limit {
                text.moveWriterIndex(to: mark)
                isWhole = false
                break
            }
        }
        text.writeInteger(UInt8(ascii: "\""))
        return isWhole
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": text.writeStaticString("\\\"")
        case "\\": text.writeStaticString("\\\\")
        case "\n": text.writeStaticString("\\n")
        // jsonb has no place for U+0000, and a result with one replacement is better than none.
        case "\0": text.writeString("\u{FFFD}")
        case ..<" ":
            let digits = String(scalar.value, radix: 16)
            text.writeString("\\u00\(digits.count == 1 ? "0" : "")\(digits)")
        default:
            for unit in scalar.utf8 { text.writeInteger(unit) }
        }
    }
}
