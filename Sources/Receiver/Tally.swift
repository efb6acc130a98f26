import Synchronization

/// What this process has answered since it started. Totals of jobs are not here: Redis keeps those for all processes.
package final class Tally: Sendable {
    struct Answered: Hashable, Comparable {
        let door: String
        let status: Int

        static func < (left: Answered, right: Answered) -> Bool {
            (left.door, left.status) < (right.door, right.status)
        }
    }

    struct Counts {
        var answers: [Answered: Int] = [:]
        /// Webhooks without a route that could not be counted in Redis.
        var unrouted = 0
    }

    private let state = Mutex(Counts())

    package init() {}

    var counts: Counts { state.withLock { $0 } }

    func count(door: String, status: Int) {
        state.withLock { $0.answers[Answered(door: door, status: status), default: 0] += 1 }
    }

    func countUnrouted() { state.withLock { $0.unrouted += 1 } }
}
