import Penstock

/// What a batch says about one job: its row, and the runs that ended.
struct Entry: Sendable {
    var job: JobRow
    var attempts: [AttemptRow]

    /// One entry a job, sorted by queue and id as bytes: sinks that write the same jobs lock them in the same order.
    /// (Swift's own order and equality of strings would take two spellings of é for one id.)
    static func fold(_ events: [(queue: String, event: Event)]) -> [Entry] {
        let sorted = events.map { (row: JobRow(queue: $0.queue, event: $0.event), event: $0.event) }.sorted {
            let (left, right) = ($0.row, $1.row)
            if !left.hasSameKey(as: right) { return left.precedes(right) }
            return left.event < right.event
        }
        var entries: [Entry] = []
        entries.reserveCapacity(sorted.count)
        for (row, event) in sorted {
            let attempt = AttemptRow(queue: row.queue, event: event)
            if let last = entries.indices.last, entries[last].job.hasSameKey(as: row) {
                entries[last].job.absorb(row)
                if let attempt { entries[last].attempts.append(attempt) }
            } else {
                entries.append(Entry(job: row, attempts: attempt.map { [$0] } ?? []))
            }
        }
        return entries
    }

    /// What is left to try with an entry that Postgres refused: first bytes and strings instead of jsonb, then also ASCII
    /// instead of characters that the database's encoding may lack.
    enum Form: CaseIterable {
        case withoutJSON, plain
    }

    func reduced(to form: Form) -> Entry {
        var entry = self
        if case .json(let payload) = job.payload { entry.job.payload = .bytes(payload) }
        entry.job.result = job.result.map { JSONText.string(String(buffer: $0)) }
        guard form == .plain else { return entry }
        entry.job.result = job.result.map { JSONText.string(String(buffer: $0).ascii) }
        entry.job.id = job.id.ascii
        entry.job.error = job.error?.ascii
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

extension JobRow {
    fileprivate func hasSameKey(as other: JobRow) -> Bool {
        id.utf8.elementsEqual(other.id.utf8) && queue.utf8.elementsEqual(other.queue.utf8)
    }

    fileprivate func precedes(_ other: JobRow) -> Bool {
        if queue.utf8.elementsEqual(other.queue.utf8) { return id.utf8.lexicographicallyPrecedes(other.id.utf8) }
        return queue.utf8.lexicographicallyPrecedes(other.queue.utf8)
    }
}

extension String {
    fileprivate var ascii: String { String(unicodeScalars.map { $0.isASCII ? Character($0) : "?" }) }
}
