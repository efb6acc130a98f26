import Penstock

extension Ledger {
    /// A job whose row Postgres takes in no form, because of a constraint or trigger that is not ours.
    package struct Refusal: Sendable {
        package let queue: String
        package let id: String
        package let error: PostgresError
    }

    /// Commits what the events say: exactly one row a job and one a run, however often events come, whatever their order.
    /// - Returns: the jobs that Postgres refused; all others are committed.
    /// - Throws: when not everything is known to be committed. Record all of them again.
    package func record(_ events: [(queue: String, event: Event)]) async throws(PostgresError) -> [Refusal] {
        try await session.perform { connection throws(PostgresError) in
            var refusals: [Refusal] = []
            try connection.write(Entry.fold(events)[...], refusals: &refusals)
            return refusals
        }
    }
}

extension Connection {
    /// Writes entries in one transaction. If a row is refused, each half is written by itself, until the row is found:
    /// twenty transactions for one in a thousand.
    fileprivate func write(_ entries: ArraySlice<Entry>, refusals: inout [Ledger.Refusal]) throws(PostgresError) {
        do {
            return try insert(entries)
        } catch {
            guard error.blamesRow else { throw error }
            guard entries.count == 1, let entry = entries.first else {
                let middle = entries.startIndex + entries.count / 2
                try write(entries[..<middle], refusals: &refusals)
                return try write(entries[middle...], refusals: &refusals)
            }
            try write(refused: entry, error, refusals: &refusals)
        }
    }

    private func write(refused entry: Entry, _ error: PostgresError, refusals: inout [Ledger.Refusal])
        throws(PostgresError)
    {
        var reason = error
        for form in Entry.Form.allCases {
            do {
                return try insert([entry.reduced(to: form)])
            } catch {
                guard error.blamesRow else { throw error }
                reason = error
            }
        }
        refusals.append(.init(queue: entry.job.queue, id: entry.job.id, error: reason))
    }

    private func insert(_ entries: ArraySlice<Entry>) throws(PostgresError) {
        guard !entries.isEmpty else { return }
        let attempts = entries.flatMap(\.attempts)
        try transaction(within: Ledger.limit) { connection throws(PostgresError) in
            _ = try connection.query(JobRow.insert, JobRow.parameters(entries.map(\.job)), within: Ledger.limit)
            guard !attempts.isEmpty else { return }
            _ = try connection.query(AttemptRow.insert, AttemptRow.parameters(attempts), within: Ledger.limit)
        }
    }
}
