extension JobRow {
    /// One statement for any number of rows. A row in the table changes only for a newer event, as `absorb` says:
    ///
    /// - an event whose header could not be read (no `enqueued_at`) leaves what is known of the job;
    /// - the last run (`worker` is always there) and the payload stay until another comes, in the same life;
    /// - a note (`resolved_at` is always there) leaves the time of death.
    static let insert = """
        INSERT INTO penstock.jobs AS old (
            queue, id, type, state, priority, key, attempts, source, enqueued_at,
            payload, payload_bytes, result, error, finished_at,
            started_at, run_ms, wait_ms, worker, event_ms, event_seq, note, resolved_at)
        SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::integer[], $8::text[],
            $9::timestamptz[], $10::jsonb[], $11::bytea[], $12::jsonb[], $13::text[], $14::timestamptz[],
            $15::timestamptz[], $16::bigint[], $17::bigint[], $18::text[], $19::bigint[], $20::bigint[],
            $21::text[], $22::timestamptz[])
        ON CONFLICT (queue, id) DO UPDATE SET
            state = excluded.state, result = excluded.result, error = excluded.error,
            note = excluded.note, resolved_at = excluded.resolved_at,
            finished_at = CASE
                WHEN excluded.resolved_at IS NOT NULL AND excluded.enqueued_at IS NOT DISTINCT FROM old.enqueued_at
                THEN coalesce(old.finished_at, excluded.finished_at) ELSE excluded.finished_at END,
            event_ms = excluded.event_ms, event_seq = excluded.event_seq,
            \(fact("type")), \(fact("priority")), \(fact("key")), \(fact("attempts")), \(fact("source")),
            enqueued_at = coalesce(excluded.enqueued_at, old.enqueued_at),
            \(kept("started_at", unless: run)), \(kept("run_ms", unless: run)), \(kept("wait_ms", unless: run)),
            \(kept("worker", unless: run)),
            \(kept("payload", unless: payload)), \(kept("payload_bytes", unless: payload))
        WHERE (old.event_ms, old.event_seq) < (excluded.event_ms, excluded.event_seq)
        """

    private static let run = "excluded.worker IS NOT NULL"
    private static let payload = "excluded.payload IS NOT NULL OR excluded.payload_bytes IS NOT NULL"

    private static func fact(_ column: String) -> String {
        "\(column) = CASE WHEN excluded.enqueued_at IS NULL THEN old.\(column) ELSE excluded.\(column) END"
    }

    private static func kept(_ column: String, unless isNew: String) -> String {
        """
        \(column) = CASE WHEN \(isNew) OR excluded.enqueued_at <> old.enqueued_at \
        THEN excluded.\(column) ELSE old.\(column) END
        """
    }

    static func parameters(_ rows: [JobRow]) -> Parameters {
        var parameters = Parameters()
        parameters.add(texts: rows.map(\.queue))
        parameters.add(texts: rows.map(\.id))
        parameters.add(texts: rows.map { $0.facts?.type ?? "unreadable" })
        parameters.add(texts: rows.map(\.state))
        parameters.add(smallints: rows.map { $0.facts?.priority ?? 2 })
        parameters.add(texts: rows.map(\.facts?.key))
        parameters.add(integers: rows.map { $0.facts?.attempts ?? 0 })
        parameters.add(texts: rows.map(\.facts?.source))
        parameters.add(times: rows.map(\.facts?.enqueuedAt))
        parameters.add(jsonbs: rows.map { if case .json(let payload) = $0.payload { payload } else { nil } })
        parameters.add(byteas: rows.map { if case .bytes(let payload) = $0.payload { payload } else { nil } })
        parameters.add(jsonbs: rows.map(\.result))
        parameters.add(texts: rows.map(\.error))
        parameters.add(times: rows.map(\.finishedAt))
        parameters.add(times: rows.map(\.run?.startedAt))
        parameters.add(bigints: rows.map(\.run?.milliseconds))
        parameters.add(bigints: rows.map(\.run?.wait))
        parameters.add(texts: rows.map(\.run?.worker))
        parameters.add(bigints: rows.map(\.event.milliseconds))
        parameters.add(bigints: rows.map(\.event.sequence))
        parameters.add(texts: rows.map(\.note))
        parameters.add(times: rows.map(\.resolvedAt))
        return parameters
    }
}
