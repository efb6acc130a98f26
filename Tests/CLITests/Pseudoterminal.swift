import Foundation

/// A terminal at which somebody has typed already.
struct Pseudoterminal {
    /// What a program opens in place of a terminal.
    let path: String
    private let keyboard: Int32
    private let line: Int32

    private struct NotOpened: Error { let code: Int32 }

    /// - Parameter typed: lines, each with its newline.
    init(typed: String) throws {
        var (keyboard, line) = (Int32(-1), Int32(-1))
        var name = [CChar](repeating: 0, count: 128)
        guard openpty(&keyboard, &line, &name, nil, nil) == 0 else { throw NotOpened(code: errno) }
        self.keyboard = keyboard
        // Held open, so that what is typed waits for the program.
        self.line = line
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        for descriptor in [keyboard, line] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let bytes = Array(typed.utf8)
        guard write(keyboard, bytes, bytes.count) == bytes.count else { throw NotOpened(code: errno) }
    }

    func close() {
        _ = Foundation.close(line)
        _ = Foundation.close(keyboard)
    }
}
