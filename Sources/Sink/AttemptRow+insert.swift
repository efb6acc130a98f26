extension AttemptRow {
    /// A run ends once, so the first record of it stands.
    static let insert = """
        INSERT INTO penstock.attempts (
            queue, level, entry, job_id, attempt, outcome, started_at, finished_at, run_ms, worker, error)
        SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::bigint[], $10::text[], $11::text[])
        ON CONFLICT (queue, level, entry) DO NOTHING
        """

    /// In the order of the primary key, so that two sinks wait for each other in one direction only.
    static func parameters(_ rows: [AttemptRow]) -> Parameters {
        let rows = rows.sorted { ($0.queue, $0.level, $0.entry) < ($1.queue, $1.level, $1.entry) }
        var parameters = Parameters()
        parameters.add(texts: rows.map(\.queue))
        parameters.add(texts: rows.map(\.level))
        parameters.add(texts: rows.map(\.entry))
        parameters.add(texts: rows.map(\.jobID))
        parameters.add(integers: rows.map(\.attempt))
        parameters.add(texts: rows.map(\.outcome))
        parameters.add(times: rows.map(\.startedAt))
        parameters.add(times: rows.map(\.finishedAt))
        parameters.add(bigints: rows.map(\.milliseconds))
        parameters.add(texts: rows.map(\.worker))
        parameters.add(texts: rows.map(\.error))
        return parameters
    }
}
