extension Connection {
    /// Runs `body` between BEGIN and COMMIT. `limit` holds for each statement; the server gives up by itself a little
    /// later, so that a connection that we have left holds no locks for long.
    func transaction<Value>(
        within limit: Duration, _ body: (Connection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let milliseconds = (limit.components.seconds + 5) * 1000
        try run("BEGIN; SET LOCAL statement_timeout = \(milliseconds)", within: limit)
        let value: Value
        do {
            value = try body(self)
        } catch {
            if case .away = error { throw error }
            try run("ROLLBACK", within: limit)
            throw error
        }
        try run("COMMIT", within: limit)
        return value
    }
}
