import Foundation

/// Where the answers of commands go: stdout, and stderr for what is no answer.
enum Terminal {
    /// Whether a person looks at stdout.
    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes the lines to stdout: to a terminal without what could steer it, to a file or pipe as they are.
    /// - Throws: `Failure` when nobody reads any more.
    static func write(_ lines: [String]) throws(Failure) {
        let isInteractive = isInteractive
        try answer(lines.map { (isInteractive ? $0.harmless : $0) + "\n" }.joined())
    }

    /// Writes the lines over those of the last time, without the flicker of a cleared screen.
    static func redraw(_ lines: [String]) throws(Failure) {
        let toEnd = "\u{1B}[K\n"
        try answer("\u{1B}[H" + lines.map { $0.harmless + toEnd }.joined() + "\u{1B}[J")
    }

    static func clear() throws(Failure) { try answer("\u{1B}[2J") }

    /// Whether a person looks at stderr, where a progress bar disturbs no answer.
    static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    /// A bar on stderr; `part` is what is done, from 0 to 1.
    static func progress(_ text: String, _ part: Double) {
        let width = 30
        let full = min(width, max(0, Int(part * Double(width))))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
        _ = put("\r[\(bar)] \(text)\u{1B}[K", STDERR_FILENO)
    }

    static func endProgress() { _ = put("\r\u{1B}[K", STDERR_FILENO) }

    /// One line to stderr, in one call, so that lines of two threads do not mix.
    static func tell(_ line: String) { _ = put(line.oneLine.harmless + "\n", STDERR_FILENO) }

    /// Asks a person whether to go on; only `yes` is yes.
    /// - Parameter fact: what will happen.
    /// - Throws: `Failure.usage` where nobody can be asked.
    static func agrees(_ fact: String) throws(Failure) -> Bool {
        guard isatty(STDIN_FILENO) == 1 else { throw .usage("\(fact), and nobody can be asked here; add --yes") }
        _ = put("\(fact).\nType yes to go on: ".harmless, STDERR_FILENO)
        return readLine()?[...].trimmed == "yes"
    }

    private static func answer(_ text: String) throws(Failure) {
        guard put(text, STDOUT_FILENO) else { throw .failed("stdout is closed; nothing more is written") }
    }

    /// Not by `stdout` and `stderr` of C, which are variables that every thread could change.
    private static func put(_ text: String, _ descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            return true
        }
    }
}
