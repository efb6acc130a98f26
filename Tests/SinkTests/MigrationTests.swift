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
}
