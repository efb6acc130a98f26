import NIOCore

/// JSON that we write: members in the order given, slashes as they are, with room for text that already is JSON.
package indirect enum JSONText: Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral
{
    case null
    case boolean(Bool)
    case integer(Int)
    /// Null where it is not finite.
    case number(Double)
    case string(String)
    /// Embedded as it is: the caller knows that it is JSON in UTF-8.
    case raw(ByteBuffer)
    case array([JSONText])
    case object([(name: String, value: JSONText)])

    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }

    package init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    package init(_ value: Int?) { self = value.map { .integer($0) } ?? .null }
    package init(_ value: Double?) { self = value.map { .number($0) } ?? .null }

    package var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return buffer
    }

    package var text: String { String(buffer: buffer) }

    private func write(to buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .boolean(let value): buffer.writeString(value ? "true" : "false")
        case .integer(let value): buffer.writeString(String(value))
        case .number(let value): buffer.writeString(value.isFinite ? String(value) : "null")
        case .string(let value): Self.write(value, to: &buffer)
        case .raw(let value): buffer.writeImmutableBuffer(value)
        case .array(let values):
            for (index, value) in values.enumerated() {
                buffer.writeStaticString(index == 0 ? "[" : ",")
                value.write(to: &buffer)
            }
            buffer.writeStaticString(values.isEmpty ? "[]" : "]")
        case .object(let members):
            for (index, member) in members.enumerated() {
                buffer.writeStaticString(index == 0 ? "{" : ",")
                Self.write(member.name, to: &buffer)
                buffer.writeStaticString(":")
                member.value.write(to: &buffer)
            }
            buffer.writeStaticString(members.isEmpty ? "{}" : "}")
        }
    }

    /// Writes a string, or as many of its characters as fit into `limit` bytes with its quotes; false if it was cut.
    @discardableResult
    package static func write(_ text: String, to buffer: inout ByteBuffer, limit: Int = .max) -> Bool {
        var text = text
        buffer.writeStaticString("\"")
        let isWhole = text.withUTF8 { write(UnsafeRawBufferPointer($0), to: &buffer, room: limit - 2) }
        buffer.writeStaticString("\"")
        return isWhole
    }

    /// Copies what needs no escape in runs: results have a mebibyte.
    private static func write(_ bytes: UnsafeRawBufferPointer, to buffer: inout ByteBuffer, room: Int) -> Bool {
        var room = room
        // What lies between the two is plain and not written yet.
        var (start, end) = (0, 0)
        while end < bytes.count {
            let escape = escape(bytes[end])
            let length = escape?.utf8.count ?? 1
            guard length <= room else { break }
            room -= length
            if let escape {
                buffer.writeBytes(bytes[start..<end])
                buffer.writeString(escape)
                start = end + 1
            }
            end += 1
        }
        let isWhole = end == bytes.count
        // Not through the middle of a character.
        while !isWhole, end > start, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        buffer.writeBytes(bytes[start..<end])
        return isWhole
    }

    private static func escape(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        case UInt8(ascii: "\n"): "\\n"
        case 0..<0x20: (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
        default: nil
        }
    }
}
