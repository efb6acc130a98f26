/// The end of a stream, which is where a command says why it failed.
struct Tail {
    static let limit = 2048

    private var bytes: [UInt8] = []
    private var isCut = false

    mutating func append(_ part: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: part.suffix(Self.limit))
        if part.count > Self.limit || bytes.count > Self.limit { isCut = true }
        bytes.removeFirst(max(0, bytes.count - Self.limit))
    }

    /// The text without the space around it; broken UTF-8 is repaired, and U+0000 is left out.
    var text: String {
        // A cut may have gone through a character: its rest is left out.
        let whole = isCut ? bytes.drop { $0 & 0xC0 == 0x80 } : bytes[...]
        let text = String(decoding: whole.lazy.filter { $0 != 0 }, as: UTF8.self)
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return (isCut ? "…" : "") + text[first...last]
    }
}
