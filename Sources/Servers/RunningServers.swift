import Foundation
import Synchronization

/// The servers that this process has running. Whatever way `exit` is reached, none of them is left behind.
package final class RunningServers: Sendable {
    package static let shared = RunningServers()

    private let processes = Mutex<[pid_t: ServerProcess]>([:])

    private init() {
        atexit { RunningServers.shared.killAll() }
    }

    /// Ends them without ceremony: their data survives that, by the guarantees that they were started with.
    package func killAll() {
        // Taken out first: a process takes the lock to remove itself when it is found to have ended.
        let all = processes.withLock { Array($0.values) }
        for process in all { process.signal(process.quickEnd) }
        for process in all { process.end(process.quickEnd, seconds: 2) }
    }

    func add(_ process: ServerProcess) { processes.withLock { $0[process.pid] = process } }

    func remove(_ process: ServerProcess) { processes.withLock { _ = $0.removeValue(forKey: process.pid) } }
}
