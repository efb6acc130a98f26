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
        text.writeInteger(UInt8(ascii: "\""))
        var string = string
        let isWhole = string.withUTF8 { write(escaping: UnsafeRawBufferPointer($0), room: limit - 2) }
        text.writeInteger(UInt8(ascii: "\""))
        return isWhole
    }

    /// Copies what needs no escape in runs: results have a mebibyte.
    private mutating func write(escaping bytes: UnsafeRawBufferPointer, room: Int) -> Bool {
        var room = room
        var at = 0
        while at < bytes.count {
            var end = at
            while end < bytes.count, end - at < room, Self.isPlain(bytes[end]) { end += 1 }
            if end < bytes.count, end - at == room {
                // Not through the middle of a character.
                while end > at, bytes[end] & 0xC0 == 0x80 { end -= 1 }
                text.writeBytes(bytes[at..<end])
                return false
            }
            text.writeBytes(bytes[at..<end])
            room -= end - at
            at = end + 1
            guard end < bytes.count else { break }
            let escape = Self.escape(bytes[end])
            guard escape.utf8.count <= room else { return false }
            room -= text.writeString(escape)
        }
        return true
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case UInt8(ascii: "\n"): return "\\n"
        // jsonb has no place for U+0000, and a result with one replacement is better than none.
        case 0: return "\u{FFFD}"
        default: return (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
        }
    }
}
