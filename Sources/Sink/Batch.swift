import NIOCore
import Penstock

/// Events of any number of queues that are committed together.
struct Batch {
    /// More rows a statement gain nothing; more bytes cost memory on both sides.
    static let maximumEvents = 1000
    static let maximumBytes = 8 * 1024 * 1024
    /// How long the first event of a batch waits for company: a commit is an fsync.
    static let maximumAge = Duration.milliseconds(50)

    private(set) var events: [(queue: String, event: Event)] = []
    private var bytes = 0
    private var begun: ContinuousClock.Instant?

    var isEmpty: Bool { events.isEmpty }
    var isFull: Bool { events.count >= Batch.maximumEvents || bytes >= Batch.maximumBytes }

    /// How much longer it may wait.
    var patience: Duration {
        begun.map { max(.zero, Batch.maximumAge - $0.duration(to: .now)) } ?? Batch.maximumAge
    }

    mutating func add(_ new: [Event], of queue: String) {
        if begun == nil, !new.isEmpty { begun = .now }
        for event in new {
            events.append((queue, event))
            bytes += [event.payload, event.result, event.raw].reduce(0) { $0 + ($1?.readableBytes ?? 0) }
        }
    }

    /// The ids by queue, without the jobs that were refused.
    func recorded(except refusals: [Ledger.Refusal]) -> [String: [Event.ID]] {
        let refused = Set(refusals.map { [$0.queue, $0.id] })
        var ids: [String: [Event.ID]] = [:]
        for (queue, event) in events where !refused.contains([queue, event.jobID.storable]) {
            ids[queue, default: []].append(event.id)
        }
        return ids
    }
}
