import Foundation
import Synchronization

/// The processes of one test.
final class Crew: Sendable {
    private let processes = Mutex<[PenstockProcess]>([])

    func add(_ process: PenstockProcess) -> PenstockProcess {
        processes.withLock { $0.append(process) }
        return process
    }

    /// The ends of their logs.
    var logs: [String] {
        processes.withLock { $0 }.map { process in
            "process \(process.pid):\n" + process.log.split(separator: "\n").suffix(20).joined(separator: "\n")
        }
    }

    func remove() { for process in processes.withLock({ $0 }) { process.remove() } }
}
