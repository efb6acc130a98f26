import Foundation
import NIOCore
import Penstock
import Testing

@testable import Sink

@Suite(.serialized) struct HistoryTests {
    @Test func `a job is found with all that its row says`() async throws {
        let database = try await Database()
        var event = Event.make(.dead, "a", attempt: 5, payload: #"{"b":1}"#, error: "gave up")
        event.header?.priority = .critical
        event.header?.key = "k"
        event.header?.source = "api"
        _ = try await database.ledger().record([event].inQueue)
        let job = try #require(await PostgresHistory(url: database.url).job(queue: "github", id: "a"))
        #expect(job.queue == "github" && job.id == "a" && job.type == "echo" && job.state == .dead)
        #expect(job.priority == .critical && job.key == "k" && job.source == "api" && job.attempts == 5)
        #expect(job.enqueuedAt == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(job.startedAt == Date(timeIntervalSince1970: 1_700_000_000.91))
        #expect(job.finishedAt == Date(timeIntervalSince1970: 1_700_000_001))
        #expect(job.runMilliseconds == 80 && job.waitMilliseconds == 10 && job.worker == "host-1-1")
        #expect(job.error == "gave up" && job.result == nil && job.payload == ByteBuffer(string: #"{"b": 1}"#))
    }

    @Test func `a job that nobody recorded is not found`() async throws {
        let database = try await Database()
        _ = try await database.ledger().record([.make(.completed, "a")].inQueue)
        let history = try PostgresHistory(url: database.url)
        #expect(try await history.job(queue: "other", id: "a") == nil)
        #expect(try await history.job(queue: "github", id: "b") == nil)
        #expect(try await history.jobs(id: "b").isEmpty)
    }

    @Test func `the records of all queues under one id come newest first`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        _ = try await ledger.record([
            ("old", .make(.completed, "a", at: 1)), ("new", .make(.completed, "a", at: 3)),
            ("between", .make(.completed, "a", at: 2)),
        ])
        #expect(try await PostgresHistory(url: database.url).jobs(id: "a").map(\.queue) == ["new", "between", "old"])
    }

    @Test func `a letter that was dealt with is found with the note and its time`() async throws {
        let database = try await Database()
        _ = try await database.ledger().record(
            [.make(.dead, "a", error: "gave up"), .resolved("a", at: 9000, note: "gone")].inQueue)
        let job = try #require(await PostgresHistory(url: database.url).job(queue: "github", id: "a"))
        #expect(job.note == "gone" && job.error == "gave up")
        #expect(job.resolvedAt == Date(timeIntervalSince1970: 1_700_000_009))
    }

    @Test(arguments: [
        "DROP SCHEMA penstock CASCADE",
        "ALTER TABLE penstock.jobs DROP COLUMN note; DELETE FROM penstock.migrations WHERE number > 1",
    ])
    func `a lookup in an older schema names the remedy`(change: String) async throws {
        let database = try await Database()
        _ = try await database.ledger()
        try await database.run(change)
        let history = try PostgresHistory(url: database.url)
        let error = await #expect(throws: PostgresError.self) { try await history.jobs(id: "a") }
        #expect(error?.description.hasSuffix("; run penstock migrate") == true)
    }

    @Test func `the check says whether the schema is there`() async throws {
        let database = try await Database()
        let history = try PostgresHistory(url: database.url)
        await #expect(throws: PostgresError.olderSchema(found: 0, needed: Migration.newest)) {
            try await history.check()
        }
        _ = try await database.ledger()
        try await history.check()
    }
}
