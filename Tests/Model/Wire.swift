import Foundation

/// A reply of Redis, in the least that a test needs.
enum Answer: Equatable {
    case null
    case integer(Int)
    case text(String)
    case error(String)
    case array([Answer])

    var array: [Answer] { if case .array(let answers) = self { answers } else { [] } }

    /// A text, an integer's digits, or `!` and an error; nothing for null.
    var text: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .error(let text): "!" + text
        case .null, .array: ""
        }
    }

    var words: [String] { array.map(\.text) }

    /// The error's first word.
    var code: String? {
        if case .error(let text) = self { text.split(separator: " ").first.map(String.init) } else { nil }
    }
}

/// A blocking connection: one thread, one sequence, no loop in between. A step of the model takes a few of Redis's
/// microseconds, so the path to it must cost little.
final class Wire {
    private let descriptor: Int32
    private var out: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var from = 0
    private var end = 0

    /// Nil when nothing listens on the socket.
    init?(path: String) {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        descriptor = socket(AF_UNIX, kind, 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        guard descriptor >= 0, path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let answer = withUnsafePointer(to: name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard answer == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Sends commands in one write, and reads a reply for each.
    func send(_ commands: [[String]]) throws(Mismatch) -> [Answer] {
        out.removeAll(keepingCapacity: true)
        for command in commands {
            out.append(contentsOf: "*\(command.count)\r\n".utf8)
            for word in command {
                out.append(contentsOf: "$\(word.utf8.count)\r\n".utf8)
                out.append(contentsOf: word.utf8)
                out.append(contentsOf: [13, 10])
            }
        }
        var sent = 0
        while sent < out.count {
            let count = out[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { throw Mismatch("Redis takes no commands") }
            sent += count
        }
        var answers: [Answer] = []
        answers.reserveCapacity(commands.count)
        for _ in commands { answers.append(try answer()) }
        return answers
    }

    private func answer() throws(Mismatch) -> Answer {
        let line = try line()
        let kind = buffer[line.lowerBound]
        let rest = (line.lowerBound + 1)..<line.upperBound
        switch kind {
        case UInt8(ascii: "+"): return .text(string(rest))
        case UInt8(ascii: "-"): return .error(string(rest))
        case UInt8(ascii: ":"): return .integer(number(rest))
        case UInt8(ascii: "$"):
            let count = number(rest)
            if count < 0 { return .null }
            while end - from < count + 2 { try fill() }
            defer { from += count + 2 }
            return .text(string(from..<from + count))
        default:
            let count = number(rest)
            if count < 0 { return .null }
            var answers: [Answer] = []
            answers.reserveCapacity(count)
            for _ in 0..<count { answers.append(try answer()) }
            return .array(answers)
        }
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: buffer[range], as: UTF8.self) }

    private func number(_ range: Range<Int>) -> Int {
        var number = 0
        for at in range where buffer[at] != UInt8(ascii: "-") { number = number * 10 + Int(buffer[at]) - 48 }
        return buffer[range.lowerBound] == UInt8(ascii: "-") ? -number : number
    }

    private func line() throws(Mismatch) -> Range<Int> {
        var at = from
        while true {
            while at + 1 < end {
                if buffer[at] == 13, buffer[at + 1] == 10 {
                    defer { from = at + 2 }
                    return from..<at
                }
                at += 1
            }
            let seen = at - from
            try fill()
            at = from + seen
        }
    }

    private func fill() throws(Mismatch) {
        if from > 0 {
            buffer.replaceSubrange(0..<(end - from), with: buffer[from..<end])
            end -= from
            from = 0
        }
        if buffer.count - end < 1 << 15 { buffer.append(contentsOf: [UInt8](repeating: 0, count: buffer.count)) }
        let count = buffer[end...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count <= 0 { throw Mismatch("Redis answers no more") }
        end += count
    }
}
