import NIOCore
import Penstock

/// Events as the queue's functions write them, with everything that a test does not care about filled in.
extension Event {
    static let start: Int64 = 1_700_000_000_000

    /// - Parameters:
    ///   - at: milliseconds after the enqueue.
    ///   - attempt: attempts charged when the event was written.
    ///   - run: the number of the run's stream entry; nil for no run.
    static func make(
        _ kind: Kind, _ id: String, at: Int64 = 1000, enqueued: Int64 = 0, attempt: Int = 1, run: Int? = 1,
        payload: String? = nil, result: String? = nil, error: String? = nil
    ) -> Event {
        var event = Event(id: ID(milliseconds: start + at, sequence: 0), kind: kind, jobID: id)
        var header = Header()
        header.type = "echo"
        header.enqueuedAt = Int(start + enqueued)
        header.attempt = attempt
        event.header = header
        event.run = run.map {
            Run(
                level: "normal", entry: "\(start + at - 100)-\($0)", worker: "host-1-\($0)", startedAt: start + at - 90,
                milliseconds: 80)
        }
        event.payload = payload.map { ByteBuffer(string: $0) }
        event.result = result.map { ByteBuffer(string: $0) }
        event.error = error
        return event
    }

    /// A person's note on a job that died of `error`.
    static func resolved(
        _ id: String, at: Int64, enqueued: Int64 = 0, note: String, error: String = "gave up", payload: String? = nil
    ) -> Event {
        var event = Event.make(
            .resolved, id, at: at, enqueued: enqueued, run: nil, payload: payload, error: note)
        event.header?.lastError = error
        return event
    }
}

extension [Event] {
    var inQueue: [(queue: String, event: Event)] { map { ("github", $0) } }
}
