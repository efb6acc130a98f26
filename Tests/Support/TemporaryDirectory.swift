import Foundation
import Servers
import Synchronization

/// A new empty folder with a path short enough for unix sockets, removed when the test process exits.
package func temporaryDirectory() -> String {
    TemporaryDirectories.shared.make()
}

private final class TemporaryDirectories: Sendable {
    static let shared = TemporaryDirectories()
    private let paths = Mutex<[String]>([])

    private init() {
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
        let path = "/tmp/penstock-test-\(name)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            fatalError("the folder \(path) cannot be made: \(error)")
        }
        paths.withLock { $0.append(path) }
        return path
    }
}
