import Penstock
import Synchronization

/// How full Redis may be while jobs are taken over HTTP. Beyond the mark producers are told to come again later, and what
/// is left of the memory is for those who finish, read and operate.
package final class MemoryMark: Sendable {
    /// Between this and `maxmemory` there is room for the events of what runs and for the replies of a large claim.
    package static let usual = 0.9
    /// Memory does not fill in less, and a look costs Redis as much as an enqueue.
    package static let interval = Duration.seconds(1)

    private struct Look {
        let begun: ContinuousClock.Instant
        let isPassed: Task<Bool, Never>
    }

    private let store: Store
    private let share: Double
    private let interval: Duration
    private let last = Mutex<Look?>(nil)

    /// - Parameters:
    ///   - share: of `maxmemory`, 0 to 1. Where that is not set there is no mark.
    ///   - interval: how long what was seen holds.
    package init(_ share: Double = MemoryMark.usual, of store: Store, interval: Duration = MemoryMark.interval) {
        self.share = share
        self.store = store
        self.interval = interval
    }

    /// Whether Redis uses more than the mark. Looks when somebody asks and the last look is too old; all who ask meanwhile
    /// wait for the same one. A server that does not tell is no reason to refuse: the enqueue itself will find out.
    func isPassed() async -> Bool {
        let look = last.withLock { last in
            if let last, last.begun.duration(to: .now) < interval { return last.isPassed }
            let (store, share) = (store, share)
            let look = Task { () async -> Bool in
                guard let memory = try? await store.memory(), let limit = memory.limit else { return false }
                return Double(memory.used) > Double(limit) * share
            }
            last = Look(begun: .now, isPassed: look)
            return look
        }
        return await look.value
    }

    /// The same as if Redis itself had refused.
    static let refusal = QueueError.outOfMemory(
        "Redis uses more of its maxmemory than the memory mark; raise one of them, or let workers drain the queues")
}
