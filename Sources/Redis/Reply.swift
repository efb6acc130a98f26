import NIOCore

/// A server's reply, RESP2.
package indirect enum Reply: Sendable, Equatable {
    case null
    case integer(Int)
    /// A simple or bulk string; bytes, not necessarily text.
    case bytes(ByteBuffer)
    case array([Reply])
    /// An error inside an array; one at the top is thrown by `send`.
    case error(RedisError)

    package var array: [Reply]? {
        if case .array(let replies) = self { replies } else { nil }
    }

    package var bytes: ByteBuffer? {
        if case .bytes(let buffer) = self { buffer } else { nil }
    }

    /// The bytes as text, invalid UTF-8 repaired; an integer as its digits.
    package var string: String? {
        switch self {
        case .bytes(let buffer): String(buffer: buffer)
        case .integer(let number): String(number)
        case .null, .array, .error: nil
        }
    }

    package var integer: Int? {
        switch self {
        case .integer(let number): number
        case .bytes(let buffer): Int(String(buffer: buffer))
        case .null, .array, .error: nil
        }
    }

    /// An array of strings; nil where an element is neither.
    package var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}
