import Penstock
import Testing

@testable import Sink

/// A dead letter, the note on it, and what may come before, after and out of order.
@Suite(.serialized) struct NoteTests {
    static let dead = Event.make(.dead, "a", at: 1000, payload: "1", error: "gave up")
    static let resolved = Event.resolved("a", at: 9000, note: "mended by hand", payload: "1")
    static let columns =
        "state, error, note, payload, worker, run_ms, finished_at::text, resolved_at::text AS resolved_at"

    private func row(_ database: Database) async throws -> String? {
        try await database.text("SELECT to_jsonb(x) FROM (SELECT \(Self.columns) FROM penstock.jobs) x")
    }

    @Test(arguments: [[[dead, resolved]], [[dead], [resolved]], [[resolved, dead]], [[dead, resolved], [dead]]])
    func `a note leaves the job dead, with its error, its run and the time of its death`(batches: [[Event]])
        async throws
    {
        let database = try await Database()
        let ledger = try await database.ledger()
        for batch in batches { _ = try await ledger.record(batch.inQueue) }
        #expect(
            try await row(database) == """
                {"note": "mended by hand", "error": "gave up", "state": "dead", "run_ms": 80, "worker": "host-1-1", \
                "payload": 1, "finished_at": "2023-11-14 22:13:21+00", "resolved_at": "2023-11-14 22:13:29+00"}
                """)
        #expect(try await database.count("attempts") == 1)
    }

    @Test func `a note that is recorded before the death stays, and the death adds its run`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        for event in [Self.resolved, Self.dead] { _ = try await ledger.record([event].inQueue) }
        #expect(
            try await row(database) == """
                {"note": "mended by hand", "error": "gave up", "state": "dead", "run_ms": null, "worker": null, \
                "payload": 1, "finished_at": "2023-11-14 22:13:29+00", "resolved_at": "2023-11-14 22:13:29+00"}
                """)
        #expect(try await database.count("attempts WHERE outcome = 'dead' AND error = 'gave up'") == 1)
    }

    /// The second life of an id is another job; one that was requeued keeps the time of its enqueue.
    @Test(arguments: [0, 20_000] as [Int64], [false, true])
    func `a new life under the id clears the note`(enqueued: Int64, together: Bool) async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        let life = [
            Self.dead, Self.resolved, .make(.retried, "a", at: 30_000, enqueued: enqueued, run: 2, error: "again"),
        ]
        for batch in together ? [life] : life.map({ [$0] }) { _ = try await ledger.record(batch.inQueue) }
        #expect(
            try await database.count(
                "jobs WHERE state = 'delayed' AND error = 'again' AND num_nonnulls(note, resolved_at, finished_at) = 0")
                == 1)
        // What comes late, comes too late.
        _ = try await ledger.record([Self.resolved].inQueue)
        #expect(try await database.count("jobs WHERE note IS NULL AND state = 'delayed'") == 1)
    }

    @Test func `a note of another life keeps nothing of the one before`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        _ = try await ledger.record([Self.dead].inQueue)
        _ = try await ledger.record([.resolved("a", at: 9000, enqueued: 5000, note: "other", error: "x")].inQueue)
        #expect(
            try await row(database) == """
                {"note": "other", "error": "x", "state": "dead", "run_ms": null, "worker": null, "payload": null, \
                "finished_at": "2023-11-14 22:13:29+00", "resolved_at": "2023-11-14 22:13:29+00"}
                """)
    }

    @Test func `a note with characters that the database lacks loses only these`() async throws {
        let database = try await Database(encoding: "LATIN1")
        let ledger = try await database.ledger()
        #expect(try await ledger.record([.resolved("a", at: 1, note: "caf\u{E9}\0 😀")].inQueue).isEmpty)
        #expect(try await database.text("SELECT note FROM penstock.jobs") == "caf?? ?")
    }
}
