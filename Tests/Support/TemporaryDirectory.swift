import Foundation
import Servers
import Synchronization

/// A new empty folder with a path short enough for unix sockets, removed when the test process exits, or, after one
/// that was killed, by the next.
package func temporaryDirectory() -> String {
    TemporaryDirectories.shared.make()
}

private final class TemporaryDirectories: Sendable {
    static let shared = TemporaryDirectories()
    private let paths = Mutex<[String]>([])

    private static let prefix = "penstock-test-"

    private init() {
        Self.removeOrphans()
        atexit {
            // Servers first: they still write into these folders.
            RunningServers.shared.killAll()
            for path in TemporaryDirectories.shared.paths.withLock({ $0 }) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    func make() -> String {
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        let path = "/tmp/\(Self.prefix)\(getpid())-\(name)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            fatalError("the folder \(path) cannot be made: \(error)")
        }
        paths.withLock { $0.append(path) }
        return path
    }

    /// A killed process cannot clean up; the names of its folders say whose they were.
    private static func removeOrphans() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] where name.hasPrefix(prefix) {
            let fields = name.dropFirst(prefix.count).split(separator: "-")
            guard fields.count == 2, let pid = pid_t(fields[0]), kill(pid, 0) == -1, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: "/tmp/\(name)")
        }
    }
}
