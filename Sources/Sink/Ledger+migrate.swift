extension Ledger {
    /// Names the lock that migrating processes take in turn: "penstock" in ASCII.
    private static let lock: Int64 = 0x7065_6e73_746f_636b

    /// Waiting for another process's migration, and a migration itself, may take long.
    private static let patience = Duration.seconds(600)

    /// Brings the schema to the version that this program needs. Any number of processes may do so at once.
    /// - Returns: what was applied now; empty if the schema was up to date.
    /// - Throws: `PostgresError.newerSchema` if a newer program has been here; then nothing is changed.
    package func migrate() async throws(PostgresError) -> [String] {
        try await session.perform { connection throws(PostgresError) in
            // A role that may only write rows can start the sink once somebody else has migrated.
            if try connection.schemaVersion(within: Ledger.limit) == Migration.newest { return [] }
            return try connection.transaction(within: Ledger.patience) { connection throws(PostgresError) in
                try connection.run("SELECT pg_advisory_xact_lock(\(Ledger.lock))", within: Ledger.patience)
                // Read again: whoever had the lock has committed by now.
                let version = try connection.schemaVersion(within: Ledger.limit)
                if version == 0 { try connection.run(bootstrap, within: Ledger.patience) }
                let missing = Migration.all.filter { $0.number > version }
                for migration in missing {
                    try connection.run(migration.sql, within: Ledger.patience)
                    var parameters = Parameters()
                    parameters.add(integer: Int64(migration.number))
                    parameters.add(text: migration.name)
                    _ = try connection.query(
                        "INSERT INTO penstock.migrations (number, name) VALUES ($1, $2)", parameters,
                        within: Ledger.patience)
                }
                return missing.map { "\($0.number) \($0.name)" }
            }
        }
    }
}

private let bootstrap = """
    CREATE SCHEMA IF NOT EXISTS penstock;
    CREATE TABLE IF NOT EXISTS penstock.migrations (
        number     bigint PRIMARY KEY,
        name       text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    """

extension Connection {
    /// The number of the newest migration applied; 0 for none.
    /// - Throws: `PostgresError.newerSchema` if that is one that this program does not know.
    func schemaVersion(within limit: Duration) throws(PostgresError) -> Int {
        // Not to_regclass: it may answer from a cache that is older than the lock, and then a migration would run twice.
        let tables = try query(
            """
            SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'penstock' AND tablename = 'migrations'
            """, within: limit)
        guard tables.first?.integer(0) == 1 else { return 0 }
        let rows = try query("SELECT coalesce(max(number), 0) FROM penstock.migrations", within: limit)
        let version = rows.first?.integer(0) ?? 0
        if version > Migration.newest { throw .newerSchema(found: version, known: Migration.newest) }
        return version
    }
}
