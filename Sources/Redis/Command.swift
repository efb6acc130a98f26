import CHiredis
import NIOCore

/// One command: its words, kept in one run of bytes so that a turn with hundreds of arguments allocates little.
package struct Command: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init(_ words: String...) {
        for word in words { append(word) }
    }

    package var count: Int { ends.count }
    /// The bytes of all words together.
    package var size: Int { bytes.count }

    package mutating func append(_ word: String) {
        bytes.append(contentsOf: word.utf8)
        ends.append(bytes.count)
    }

    package mutating func append(_ word: Int) { append(String(word)) }

    package mutating func append(_ word: ByteBuffer) {
        bytes.append(contentsOf: word.readableBytesView)
        ends.append(bytes.count)
    }

    package mutating func append(contentsOf words: some Sequence<String>) {
        for word in words { append(word) }
    }

    /// Appends the command in the wire format, as hiredis writes it.
    func write(to buffer: inout ByteBuffer) {
        var formatted: UnsafeMutablePointer<CChar>?
        let length = bytes.withUnsafeBytes { arena in
            // An empty array may have no address; hiredis wants one, of a word that has no bytes.
            let base = arena.baseAddress?.assumingMemoryBound(to: CChar.self)
            return withUnsafePointer(to: CChar(0)) { nothing in
                var start = 0
                var words: [UnsafePointer<CChar>?] = []
                var lengths: [Int] = []
                words.reserveCapacity(ends.count)
                lengths.reserveCapacity(ends.count)
                for end in ends {
                    words.append(base.map { $0 + start } ?? nothing)
                    lengths.append(end - start)
                    start = end
                }
                return Int(redisFormatCommandArgv(&formatted, Int32(ends.count), &words, lengths))
            }
        }
        guard length > 0, let formatted else { preconditionFailure("hiredis has no memory for a command") }
        buffer.writeBytes(UnsafeRawBufferPointer(start: formatted, count: length))
        redisFreeCommand(formatted)
    }
}

extension Command {
    /// Appends the words of another command.
    package mutating func append(contentsOf other: Command) {
        let base = bytes.count
        bytes.append(contentsOf: other.bytes)
        ends.append(contentsOf: other.ends.map { $0 + base })
    }
}
