import Synchronization

/// The moment after which a process that stops waits for no statement, whatever limit the statement has.
final class Curfew: Sendable {
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    func begin(in time: Duration) {
        end.withLock { $0 = min($0 ?? .now + time, .now + time) }
    }

    /// What is left of a statement's own time.
    func cut(_ left: Duration) -> Duration {
        end.withLock { end in end.map { min(left, ContinuousClock.now.duration(to: $0)) } ?? left }
    }
}
