import NIOCore
import Penstock
import Testing

@testable import Sink

@Suite(.serialized) struct MigrationTests {
    @Test func `the schema is made once, and then it is there`() async throws {
        let database = try await Database()
        let ledger = try Ledger(url: database.url)
        #expect(try await ledger.migrate() == Migration.all.map { "\($0.number) \($0.name)" })
        #expect(try await ledger.migrate() == [])
        #expect(try await database.count("migrations") == Migration.all.count)
    }

    @Test func `processes that migrate at the same time take turns`() async throws {
        let database = try await Database()
        let ledgers = try (0..<8).map { _ in try Ledger(url: database.url) }
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for ledger in ledgers { group.addTask { try await ledger.migrate() } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.count == Migration.all.count)
    }

    @Test func `a schema of a newer program is refused and left alone`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        try await database.run("INSERT INTO penstock.migrations (number, name) VALUES (9999, 'of tomorrow')")
        await #expect(throws: PostgresError.newerSchema(found: 9999, known: Migration.newest)) {
            try await ledger.migrate()
        }
        await #expect(throws: PostgresError.newerSchema(found: 9999, known: Migration.newest)) {
            try await PostgresHistory(url: database.url).check()
        }
    }

    @Test func `a migration that fails leaves nothing behind`() async throws {
        let database = try await Database()
        try await database.run("CREATE SCHEMA penstock; CREATE TABLE penstock.attempts (a int)")
        let ledger = try Ledger(url: database.url)
        await #expect(throws: PostgresError.self) { try await ledger.migrate() }
        #expect(try await database.text("to_regclass('penstock.jobs')") == nil)
        try await database.run("DROP TABLE penstock.attempts")
        #expect(try await ledger.migrate().count == Migration.all.count)
    }

    @Test func `a schema of version 1 with rows in it gets notes, and keeps what it has`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        _ = try await ledger.record([.make(.dead, "a", payload: "1", error: "gave up")].inQueue)
        try await database.run(
            """
            ALTER TABLE penstock.jobs DROP COLUMN note, DROP COLUMN resolved_at;
            DELETE FROM penstock.migrations WHERE number > 1;
            """)
        let history = try PostgresHistory(url: database.url)
        await #expect(throws: PostgresError.olderSchema(found: 1, needed: Migration.newest)) {
            try await history.check()
        }
        #expect(try await ledger.migrate() == ["2 notes on dead letters"])
        try await history.check()
        let job = try #require(await history.job(queue: "github", id: "a"))
        #expect(job.state == .dead && job.error == "gave up" && job.payload == ByteBuffer(string: "1"))
        #expect(job.note == nil)
        _ = try await ledger.record([.resolved("a", at: 2000, note: "mended")].inQueue)
        #expect(try await history.job(queue: "github", id: "a")?.note == "mended")
    }
}
