import CHiredis
import NIOCore

/// hiredis's incremental reader: bytes in, replies out.
///
/// Owned by one channel handler and used on its event loop only.
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>

    init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("hiredis has no memory for a reader") }
        // Above this size of unused buffer hiredis frees and allocates again for every large reply: three times the
        // time for a payload of 25 MiB. 0 keeps the buffer.
        reader.pointee.maxbuf = 0
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func feed(_ buffer: ByteBuffer) throws(RedisError) {
        let status = buffer.withUnsafeReadableBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        if status != REDIS_OK { throw failure }
    }

    /// The next whole reply; nil until more bytes come.
    func next() throws(RedisError) -> Reply? {
        var raw: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &raw) == REDIS_OK else { throw failure }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        return Self.convert(raw.assumingMemoryBound(to: redisReply.self))
    }

    private var failure: RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .garbled("the server's answer is not Redis's protocol: \(text)")
    }

    private static func convert(_ reply: UnsafeMutablePointer<redisReply>) -> Reply {
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER:
            return .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS:
            return .bytes(ByteBuffer(bytes: text(reply)))
        case REDIS_REPLY_ERROR:
            return .error(RedisError(text: String(decoding: text(reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            var replies: [Reply] = []
            let count = Int(reply.pointee.elements)
            replies.reserveCapacity(count)
            for index in 0..<count {
                replies.append(reply.pointee.element[index].map(convert) ?? .null)
            }
            return .array(replies)
        default:
            return .null
        }
    }

    private static func text(_ reply: UnsafeMutablePointer<redisReply>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
    }
}
