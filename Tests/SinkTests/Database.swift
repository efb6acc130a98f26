import Servers
import Support

@testable import Sink

/// A database of one test's own, on a Postgres that all tests of the room share. Suites that use it are serialized: the
/// server takes fifty connections.
struct Database {
    private static let server = Result { try PostgresServer.started() }

    let url: String
    private let session: Session

    /// - Parameter encoding: of the database; the one that people have is UTF8.
    init(encoding: String = "UTF8") async throws {
        try await self.init(on: Database.server.get(), encoding: encoding)
    }

    init(on server: PostgresServer, encoding: String = "UTF8") async throws {
        let name = "test_\(UInt64.random(in: .min ... .max))"
        let maintenance = Session(try Address(server.url), name: "maintenance")
        try await maintenance.perform { connection throws(PostgresError) in
            try connection.run(
                "CREATE DATABASE \(name) ENCODING '\(encoding)' TEMPLATE template0", within: .seconds(30))
        }
        url = server.url.replacing("/penstock?", with: "/\(name)?")
        session = Session(try Address(url), name: "test")
    }

    /// A ledger whose schema is there.
    func ledger() async throws -> Ledger {
        let ledger = try Ledger(url: url)
        _ = try await ledger.migrate()
        return ledger
    }

    func run(_ script: String) async throws {
        try await session.perform { connection throws(PostgresError) in try connection.run(script, within: .seconds(30))
        }
    }

    /// The first column of every row; the query casts it to text.
    func texts(_ sql: String) async throws -> [String?] {
        try await session.perform { connection throws(PostgresError) in
            try connection.query(sql, within: .seconds(30)).map { $0.text(0) }
        }
    }

    /// The one value that a query answers, as text.
    func text(_ expression: String) async throws -> String? {
        try await texts("SELECT (\(expression))::text").first ?? nil
    }

    func count(_ rest: String) async throws -> Int {
        Int(try await text("SELECT count(*) FROM penstock.\(rest)") ?? "") ?? -1
    }

    /// All rows of `jobs` as JSON, without the last event's number.
    func jobs() async throws -> [String?] {
        try await texts(
            "SELECT (to_jsonb(j) - 'event_ms' - 'event_seq')::text FROM penstock.jobs j ORDER BY queue, id")
    }
}
