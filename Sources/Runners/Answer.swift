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
        let trimmed = text.utf8.trimmed
        guard !trimmed.isEmpty else { return .none }
        let candidate = ByteBuffer(bytes: trimmed)
        if JSONParser.value(of: candidate) != nil { return .json(bytes: candidate) }
        var writer = JSONWriter()
        // Escapes make a string longer than its text.
        return writer.write(text, limit: Self.limit) ? .json(bytes: writer.text) : truncated(text)
    }

    private func truncated(_ text: String) -> Output {
        var writer = JSONWriter()
        writer.write(raw: #"{"truncated":true,"output":"#)
        writer.write(text, limit: Self.limit)
        writer.write(raw: "}")
        return .json(bytes: writer.text)
    }
}

extension String.UTF8View {
    /// Without the white space of JSON at both ends.
    fileprivate var trimmed: SubSequence {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
