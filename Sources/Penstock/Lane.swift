import DequeModule
import NIOCore
import Redis

/// What a worker knows of one queue; the engine decides by it and changes it.
struct Lane {
    let queue: Queue
    /// Outcomes not yet sent, and those whose answer was lost.
    var outcomes: Deque<Outcome> = []
    var repeats: Deque<Outcome> = []
    /// When the oldest of `outcomes` came.
    var oldestOutcome: NIODeadline?
    /// Every run that Redis holds under our name, settled or not; renewals name them.
    var held: [Run.Name: Run] = [:]
    var turnsInFlight = 0
    /// The wait for the doorbell; nil when nobody waits.
    var bell: Bell?
    /// When a claim last found less than it wanted.
    var drainedAt: NIODeadline?
    /// No calls before this: Redis is away.
    var pausedUntil = NIODeadline.distantPast
    var backoff = Backoff(first: .milliseconds(20), cap: .seconds(1))
    var lease = Duration.seconds(30)
    /// Until the next delayed job is due.
    var nextDue: Duration?
    /// Waits for the doorbell; its client id lets another connection wake it.
    var doorbell: (connection: Connection, id: Int)?
    var isAway = false

    init(queue: Queue) { self.queue = queue }

    struct Bell {
        /// Reserved for what the ring claims. With none, the ring makes the queue ask for slots.
        let slots: Int
        /// Redis was asked to end the wait.
        var isCalledBack = false
    }

    /// A renewal every third of a lease: two may fail before the lease is over.
    var period: Duration { lease / 3 }

    /// Bounds of one turn, the same as in the function library.
    static let callJobs = 100
    private static let callBytes = 4 << 20
    /// A finished run may wait this long for company while others run, or until this many have come.
    static let patience = TimeAmount.milliseconds(1)
    private static let enough = 32
    /// Redis never waits for us when the next turn is there before the last one is answered.
    static let turns = 2
    /// A queue that was found empty is looked at again after this time even if no bell rings (plain XADD rings none).
    static let look = TimeAmount.seconds(1)

    func isDrained(at now: NIODeadline) -> Bool {
        guard let drainedAt else { return false }
        return bell != nil || now - drainedAt < Self.look
    }

    var hasOutcomes: Bool { !outcomes.isEmpty || !repeats.isEmpty }

    /// Whether finished runs should be told now, be it without a claim.
    func mustSettle(at now: NIODeadline, isQuiet: Bool) -> Bool {
        if !repeats.isEmpty { return true }
        guard let oldestOutcome, !outcomes.isEmpty else { return false }
        return isQuiet || outcomes.count >= Self.enough || now - oldestOutcome >= Self.patience
    }

    /// Takes the outcomes of one call. Repeats go alone, since a call marks all its outcomes as such or none.
    mutating func takeOutcomes() -> (outcomes: [Outcome], again: Bool) {
        let again = !repeats.isEmpty
        var taken: [Outcome] = []
        var bytes = 0
        while taken.count < Self.callJobs, let next = again ? repeats.first : outcomes.first {
            if !taken.isEmpty, bytes + next.size > Self.callBytes { break }
            bytes += next.size
            taken.append(again ? repeats.removeFirst() : outcomes.removeFirst())
        }
        if outcomes.isEmpty { oldestOutcome = nil }
        return (taken, again)
    }

    /// Puts back what was sent without an answer.
    mutating func putBack(_ taken: [Outcome], maybeExecuted: Bool) {
        // With nothing to tell there is no oldest outcome, for which the engine would be woken again and again.
        if taken.isEmpty { return }
        if maybeExecuted {
            repeats.append(contentsOf: taken)
        } else {
            outcomes.insert(contentsOf: taken, at: 0)
            oldestOutcome = oldestOutcome ?? .now()
        }
    }
}
