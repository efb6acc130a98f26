import CLibpq
import Foundation
import NIOCore

/// One connection to Postgres; the only file that knows libpq. It blocks its caller, within a limit of time, and belongs
/// to one thread (a `Session`'s lane): it is not Sendable.
final class Connection {
    private let handle: OpaquePointer
    private let address: Address
    private let curfew: Curfew

    /// Connects, at most 5 s for each host of the address unless it says otherwise itself.
    init(_ address: Address, until curfew: Curfew) throws(PostgresError) {
        self.address = address
        self.curfew = curfew
        // What stands before `dbname` can be overridden by the address, what follows cannot.
        let settings = [
            ("connect_timeout", "5"),
            ("application_name", "penstock"),
            // A server whose machine is gone is noticed after half a minute, also while nothing is sent.
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "4"),
            ("tcp_user_timeout", "30000"),
            ("dbname", address.text),
            ("client_encoding", "UTF8"),
        ]
        let handle = Connection.withPointers(settings.map(\.0)) { names in
            Connection.withPointers(settings.map(\.1)) { values in PQconnectdbParams(names, values, 1) }
        }
        guard let handle else { throw .away("no memory for a connection") }
        guard PQstatus(handle) == CONNECTION_OK else {
            let reason = address.clean(String(cString: PQerrorMessage(handle)))
            PQfinish(handle)
            throw .away(reason)
        }
        self.handle = handle
        // From here on no call of libpq waits; `wait` does, with a limit.
        PQsetnonblocking(handle, 1)
        // Notices ("already exists, skipping") would go to stderr.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
    }

    deinit { PQfinish(handle) }

    /// The parts of a connection string that are given in it, by name; nil if libpq cannot read it. libpq's own
    /// complaint quotes the string, so it is not asked for.
    static func options(of text: String) -> [String: String]? {
        guard let options = PQconninfoParse(text, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return found
    }

    /// Whether the connection can take a statement. What the server closed meanwhile shows up as a readable socket.
    var isUsable: Bool {
        for _ in 0..<4 {
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) > 0 else { break }
            guard PQconsumeInput(handle) == 1 else { return false }
        }
        return PQstatus(handle) == CONNECTION_OK && PQtransactionStatus(handle) == PQTRANS_IDLE
    }

    /// Runs statements without parameters or rows.
    func run(_ script: String, within limit: Duration) throws(PostgresError) {
        _ = try ask(within: limit) { PQsendQuery(handle, script) }
    }

    /// Runs one statement and answers its rows.
    func query(_ sql: String, _ parameters: Parameters = Parameters(), within limit: Duration) throws(PostgresError)
        -> [Row]
    {
        try ask(within: limit) {
            parameters.buffer.withUnsafeReadableBytes { bytes in
                // An empty buffer may have no address, but no parameter is null either.
                let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                let values = parameters.slots.map { slot in base.map { UnsafePointer($0 + slot.range.lowerBound) } }
                let count = Int32(parameters.slots.count)
                return PQsendQueryParams(
                    handle, sql, count, parameters.slots.map(\.type), values,
                    parameters.slots.map { Int32($0.range.count) }, Array(repeating: 1, count: Int(count)), 1)
            }
        }
    }

    private func ask(within limit: Duration, send: () -> Int32) throws(PostgresError) -> [Row] {
        let deadline = ContinuousClock.now + limit
        guard send() == 1 else { throw broken() }
        while true {
            let left = PQflush(handle)
            if left == 0 { break }
            guard left > 0 else { throw broken() }
            // The server may itself be waiting until we read.
            try wait(for: POLLIN | POLLOUT, until: deadline)
            if PQconsumeInput(handle) == 0 { throw broken() }
        }
        var rows: [Row] = []
        var refusal: PostgresError?
        while true {
            while PQisBusy(handle) == 1 {
                try wait(for: POLLIN, until: deadline)
                if PQconsumeInput(handle) == 0 { throw broken() }
            }
            guard let result = PQgetResult(handle) else { break }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK: rows = Connection.rows(of: result)
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            default: refusal = refusal ?? self.refusal(in: result)
            }
        }
        // After the last words of a server that shuts down (57P01) the connection is gone: that is "away" too.
        if PQstatus(handle) != CONNECTION_OK { throw broken() }
        if let refusal { throw refusal }
        return rows
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(PostgresError) {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        while true {
            let left = curfew.cut(ContinuousClock.now.duration(to: deadline))
            guard left > .zero else { throw .away("the server did not answer a statement in time") }
            // A look at the curfew twice a second.
            let found = poll(&descriptor, 1, left < .milliseconds(500) ? Int32(left / .milliseconds(1)) + 1 : 500)
            // An error or a hang-up is found by the read that follows.
            if found > 0 { return }
            if found < 0, errno != EINTR { throw broken() }
        }
    }

    private func broken() -> PostgresError {
        .away(address.clean(String(cString: PQerrorMessage(handle))))
    }

    private func refusal(in result: OpaquePointer) -> PostgresError {
        func field(_ name: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(name.value)).map { String(cString: $0) }
        }
        guard let state = field("C") else { return broken() }
        return .refused(state: state, message: address.clean(field("M") ?? ""))
    }

    private static func rows(of result: OpaquePointer) -> [Row] {
        let columns = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            Row(
                fields: (0..<columns).map { column in
                    if PQgetisnull(result, row, column) == 1 { return nil }
                    let bytes = UnsafeRawBufferPointer(
                        start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
                    return ByteBuffer(bytes: bytes)
                })
        }
    }

    private static func withPointers<Result>(
        _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies.map { UnsafePointer($0) } + [nil])
    }
}
