import JSON
import NIOCore
import Penstock

/// A row of `penstock.jobs` as one event, or several folded, leave it.
struct JobRow: Sendable {
    /// What is in the header; nil when it could not be read.
    struct Facts: Sendable {
        var type: String
        var priority: Int16
        var key: String?
        var attempts: Int32
        var source: String?
        var enqueuedAt: Int64?
    }

    /// The last run; an event without a run leaves it as it is.
    struct Run: Sendable {
        var startedAt: Int64?
        var milliseconds: Int64?
        var wait: Int64?
        var worker: String
    }

    var queue: String
    var id: String
    var event: Event.ID
    var state: String
    var facts: Facts?
    var run: Run?
    var payload: Payload?
    /// JSON that Postgres should take.
    var result: ByteBuffer?
    var error: String?
    /// Of a resolved job: its death, where that was recorded, else when it was resolved.
    var finishedAt: Int64?
    /// What a person wrote who dealt with the dead letter. The job is gone from Redis then, so whatever comes later is of
    /// another life and clears it.
    var note: String?
    var resolvedAt: Int64?

    init(queue: String, event: Event) {
        self.queue = queue
        self.id = event.jobID.storable
        self.event = event.id
        self.state = event.kind.state.rawValue
        self.facts = event.header.map(Facts.init)
        self.run = event.run.map(Run.init)
        self.result = event.kind == .completed ? event.result.map(JSONB.storable) : nil
        // A job that goes on, was cancelled or resolved still shows what its last failed attempt said.
        switch event.kind {
        case .completed: break
        case .resolved: self.error = event.header?.lastError?.storable
        default: self.error = (event.error ?? event.header?.lastError)?.storable
        }
        let isOver = event.kind.isTerminal || event.kind == .resolved
        self.finishedAt = isOver ? event.id.milliseconds.storableTime : nil
        if event.kind == .resolved {
            self.note = event.error?.storable
            self.resolvedAt = event.id.milliseconds.storableTime
        }
        if event.header == nil {
            self.payload = (event.raw ?? event.payload).map { .bytes($0) }
        } else {
            self.payload = event.payload.map(Payload.init)
        }
    }

    /// Takes over what a newer row says. The statement in `JobRow+insert.swift` does the same to the row in the table.
    mutating func absorb(_ newer: JobRow) {
        let old = self
        self = newer
        facts = newer.facts ?? old.facts
        // A job that was enqueued at another time under the same id is another life: nothing of the old one is its own.
        if let then = old.facts?.enqueuedAt, let now = newer.facts?.enqueuedAt, then != now { return }
        run = newer.run ?? old.run
        payload = newer.payload ?? old.payload
        if newer.resolvedAt != nil, old.facts?.enqueuedAt == newer.facts?.enqueuedAt {
            finishedAt = old.finishedAt ?? newer.finishedAt
        }
    }
}

extension JobRow.Facts {
    init(_ header: Header) {
        type = header.type.storable
        priority = Int16(header.priority.rawValue)
        key = header.key?.storable
        attempts = Int32(clamping: header.attempt)
        source = header.source?.storable
        enqueuedAt = Int64(header.enqueuedAt).storableTime
    }
}

extension JobRow.Run {
    init(_ run: Event.Run) {
        startedAt = run.startedAt?.storableTime
        milliseconds = run.milliseconds
        // The entry's id tells when the job was ready. The worker's idea of the time may be a little behind.
        let ready = run.entry.split(separator: "-").first.flatMap { Int64($0) }?.storableTime
        wait = startedAt.flatMap { started in ready.map { max(0, started - $0) } }
        worker = run.worker.storable
    }
}

/// A payload, in the column that can hold it.
enum Payload: Sendable {
    case json(ByteBuffer)
    case bytes(ByteBuffer)

    init(_ payload: ByteBuffer) {
        self = JSONB.accepts(payload) ? .json(payload) : .bytes(payload)
    }
}

extension Int64 {
    /// Milliseconds since 1970 up to the year 9999. A header is anybody's writing; beyond this the arithmetic may trap.
    var storableTime: Int64? { (0..<253_402_300_800_000).contains(self) ? self : nil }
}
