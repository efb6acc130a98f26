import JSON
import NIOCore
import Penstock

/// What a command or a server answered, kept to a limit.
struct Answer {
    /// 1 MiB: results go through Redis and into a row.
    static let limit = 1 << 20

    private var bytes = ByteBuffer()
    /// There was more than is kept.
    private(set) var isTruncated = false

    mutating func append(_ part: UnsafeRawBufferPointer) {
        let kept = part.prefix(Self.limit - bytes.readableBytes)
        bytes.writeBytes(kept)
        if kept.count < part.count { isTruncated = true }
    }

    mutating func append(_ part: ByteBuffer) { part.withUnsafeReadableBytes { append($0) } }

    /// JSON as it stands, without the space around it; other text as a JSON string; nothing as no result. What is too
    /// long for a result is `{"truncated":true,"output":"<its beginning>"}`.
    var output: Output {
        let text = String(buffer: bytes)
        if isTruncated { return truncated(text) }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
        guard !text.utf8.allSatisfy(isSpace) else { return .none }
        if let json = try? RawJSON(ByteBuffer(string: text)) { return .json(bytes: json.bytes) }
        var json = ByteBuffer()
        // Escapes make a string longer than its text.
        return JSONText.write(text.storable, to: &json, limit: Self.limit) ? .json(bytes: json) : truncated(text)
    }

    private func truncated(_ text: String) -> Output {
        var json = ByteBuffer(string: #"{"truncated":true,"output":"#)
        JSONText.write(text.storable, to: &json, limit: Self.limit)
        json.writeStaticString("}")
        return .json(bytes: json)
    }
}
