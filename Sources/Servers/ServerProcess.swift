import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A running child: signalled by its pid, waited for exactly once.
final class ServerProcess: Sendable {
    let name: String
    let pid: pid_t
    let log: String
    /// What ends it at once and leaves nothing behind.
    let quickEnd: Int32
    private let pidFile: String
    private let end = Mutex(End.running)

    private enum End: Equatable {
        case running
        case exited(Int32)
        /// By a signal, or collected by someone else.
        case broken
    }

    init(_ command: Command, quickEnd: Int32) throws(ServerError) {
        name = command.name
        log = command.log
        self.quickEnd = quickEnd
        pidFile = Self.pidFile(of: command.name, in: command.folder)
        pid = try SpawnThread.shared.spawn(command)
        try? "\(pid)\n".write(toFile: pidFile, atomically: false, encoding: .utf8)
        RunningServers.shared.add(self)
    }

    /// For the error of who comes second.
    static func pidFile(of name: String, in folder: String) -> String { "\(folder)/\(name).pid" }

    var hasEnded: Bool { end.withLock { reap(&$0) != .running } }

    /// Whether it has ended with exit code 0.
    var hasSucceeded: Bool { exitCode == 0 }

    /// Nil while it runs, and when a signal ended it.
    var exitCode: Int32? {
        end.withLock { if case .exited(let code) = reap(&$0) { code } else { nil } }
    }

    /// Sends a signal, if the process still runs; a pid that was waited for may belong to someone else by now.
    func signal(_ number: Int32) {
        end.withLock { if reap(&$0) == .running { _ = kill(pid, number) } }
    }

    /// Collects the child if it has ended. Under the lock, so that no signal is sent to a pid that was collected.
    private func reap(_ end: inout End) -> End {
        guard end == .running else { return end }
        var status: Int32 = 0
        let answer = waitpid(pid, &status, WNOHANG)
        if answer == pid {
            // As WIFEXITED and WEXITSTATUS, which are macros of C, would say.
            end = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .broken
        } else if answer == -1, errno == ECHILD {
            end = .broken
        } else {
            return .running
        }
        unlink(pidFile)
        RunningServers.shared.remove(self)
        return end
    }

    /// Polls `isReady` until it holds; ends the process and throws when it does not within `seconds`, or never can.
    func waitUntilReady(seconds: Double, _ isReady: () -> Bool) throws(ServerError) {
        let deadline = Deadline(seconds: seconds)
        while !isReady() {
            if hasEnded { throw .notReady(program: name, reason: "it ended", log: logTail) }
            if deadline.hasPassed {
                end(SIGKILL, seconds: 5)
                throw .notReady(program: name, reason: "no answer within \(Int(seconds)) s", log: logTail)
            }
            usleep(2_000)
        }
    }

    /// Waits until the process has ended; false if it has not by then.
    func waitForEnd(seconds: Double) -> Bool {
        let deadline = Deadline(seconds: seconds)
        while !hasEnded {
            if deadline.hasPassed { return false }
            usleep(2_000)
        }
        return true
    }

    /// Ends the process for certain: first with `number`, after `seconds` with SIGKILL, which cannot be refused.
    func end(_ number: Int32, seconds: Double) {
        let children = Family.children(of: pid)
        signal(number)
        signal(SIGCONT)
        // Suspended children could not notice that their parent ends; those of a crash end with it.
        for child in children { kill(child, number == SIGKILL ? SIGKILL : SIGCONT) }
        if waitForEnd(seconds: seconds) { return }
        signal(SIGKILL)
        _ = waitForEnd(seconds: 10)
    }

    /// Sends a signal to the process and to its children, which a server of many processes needs to stand still.
    func signalFamily(_ number: Int32) {
        signal(number)
        for child in Family.children(of: pid) { kill(child, number) }
    }

    /// The end of the log in one line, for error messages.
    var logTail: String {
        guard let data = FileManager.default.contents(atPath: log) else { return "(no log at \(log))" }
        let lines = String(decoding: data.suffix(2_000), as: UTF8.self).split(separator: "\n").suffix(4)
        return lines.isEmpty ? "(nothing)" : lines.joined(separator: " | ")
    }
}
