import JSON
import Penstock

/// What a batch says about one job: its row, and the runs that ended.
struct Entry: Sendable {
    var job: JobRow
    var attempts: [AttemptRow]

    /// One entry a job, sorted by queue and id: sinks that write the same jobs lock them in the same order.
    static func fold(_ events: [(queue: String, event: Event)]) -> [Entry] {
        // Rows are large; only their keys are moved about.
        let order = events.enumerated().map { index, item in
            (key: Key(queue: item.queue, id: item.event.jobID.storable, event: item.event.id), index: index)
        }.sorted { $0.key < $1.key }
        var entries: [Entry] = []
        entries.reserveCapacity(order.count)
        var previous: Key?
        for (key, index) in order {
            let row = JobRow(queue: key.queue, event: events[index].event)
            let attempt = AttemptRow(queue: key.queue, event: events[index].event)
            if let previous, previous.isSameJob(as: key) {
                entries[entries.count - 1].job.absorb(row)
                if let attempt { entries[entries.count - 1].attempts.append(attempt) }
            } else {
                entries.append(Entry(job: row, attempts: attempt.map { [$0] } ?? []))
            }
            previous = key
        }
        return entries
    }

    /// The order in which events are applied: by job, and within a job by age.
    private struct Key: Comparable {
        let queue: String
        let id: String
        let event: Event.ID

        static func < (left: Key, right: Key) -> Bool {
            left.queue.precedes(right.queue) ?? left.id.precedes(right.id) ?? (left.event < right.event)
        }

        func isSameJob(as other: Key) -> Bool {
            queue.precedes(other.queue) == nil && id.precedes(other.id) == nil
        }
    }

    /// What is left to try with an entry that Postgres refused: first bytes and strings instead of jsonb, then also ASCII
    /// instead of characters that the database's encoding may lack.
    enum Form: CaseIterable {
        case withoutJSON, plain
    }

    func reduced(to form: Form) -> Entry {
        var entry = self
        if case .json(let payload) = job.payload { entry.job.payload = .bytes(payload) }
        entry.job.result = job.result.map { JSONB.string(String(buffer: $0)) }
        guard form == .plain else { return entry }
        entry.job.result = job.result.map { JSONB.string(String(buffer: $0).ascii) }
        entry.job.id = job.id.ascii
        entry.job.error = job.error?.ascii
        entry.job.note = job.note?.ascii
        entry.job.facts?.type = job.facts?.type.ascii ?? ""
        entry.job.facts?.key = job.facts?.key?.ascii
        entry.job.facts?.source = job.facts?.source?.ascii
        entry.job.run?.worker = job.run?.worker.ascii ?? ""
        entry.attempts = attempts.map { attempt in
            var attempt = attempt
            attempt.jobID = attempt.jobID.ascii
            attempt.worker = attempt.worker.ascii
            attempt.error = attempt.error?.ascii
            return attempt
        }
        return entry
    }
}

extension String {
    /// Byte by byte; nil if they are the same. Swift's own order and equality take two spellings of é for one id.
    fileprivate func precedes(_ other: String) -> Bool? {
        var (left, right) = (utf8.makeIterator(), other.utf8.makeIterator())
        while true {
            switch (left.next(), right.next()) {
            case (nil, nil): return nil
            case (let a, let b) where a == b: continue
            case (let a?, let b?): return a < b
            case (let a, _): return a == nil
            }
        }
    }

    fileprivate var ascii: String { String(unicodeScalars.map { $0.isASCII ? Character($0) : "?" }) }
}
