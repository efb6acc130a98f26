import NIOCore

/// JSON that we write: small answers, with room for text that already is JSON.
indirect enum JSONText: Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    case null
    case boolean(Bool)
    case integer(Int)
    case string(String)
    /// Embedded as it is: the caller knows that it is JSON in UTF-8.
    case raw(ByteBuffer)
    case array([JSONText])
    case object([(name: String, value: JSONText)])

    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(integerLiteral value: Int) { self = .integer(value) }

    init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    init(_ value: Int?) { self = value.map { .integer($0) } ?? .null }

    var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return buffer
    }

    private func write(to buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .boolean(let value): buffer.writeString(value ? "true" : "false")
        case .integer(let value): buffer.writeString(String(value))
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

    private static func write(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
            case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
            case 0..<0x20:
                buffer.writeStaticString("\\u00")
                buffer.writeString(byte < 16 ? "0" : "1")
                buffer.writeString(String(byte % 16, radix: 16))
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeStaticString("\"")
    }
}
