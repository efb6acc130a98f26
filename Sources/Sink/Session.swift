/// One connection and the thread that serves it: opened when it is first needed, dropped when it broke, opened again by
/// the next call. Bodies run one after the other, each to its end, so a transaction is one body.
actor Session {
    private let lane: Lane
    private let address: Address
    private let curfew = Curfew()
    private var connection: Connection?

    nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    init(_ address: Address, name: String) {
        self.address = address
        self.lane = Lane(name: name)
    }

    func perform<Value: Sendable>(
        _ body: @Sendable (Connection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let connection = try open()
        // A body that leaves a transaction open, or found the connection broken, must not hand it on.
        defer { if !connection.isUsable { self.connection = nil } }
        return try body(connection)
    }

    /// Statements that run after `time` fail as if the server were away. For a process that stops.
    nonisolated func finish(within time: Duration) { curfew.begin(in: time) }

    func close() { connection = nil }

    private func open() throws(PostgresError) -> Connection {
        if let connection, connection.isUsable { return connection }
        connection = nil
        let new = try Connection(address, until: curfew)
        connection = new
        return new
    }
}
