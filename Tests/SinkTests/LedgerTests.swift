import Foundation
import NIOCore
import Penstock
import Testing

@testable import Sink

@Suite(.serialized) struct LedgerTests {
    @Test func `a completed job becomes one row, and its run another`() async throws {
        let database = try await Database()
        var event = Event.make(.completed, "a", attempt: 2, payload: #"{"b": [1]}"#, result: #"{"c":2}"#)
        event.header?.priority = .high
        event.header?.key = "owner/name"
        event.header?.source = "github"
        event.header?.lastError = "an attempt that failed before"
        let refusals = try await database.ledger().record([event].inQueue)
        #expect(refusals.isEmpty)
        #expect(
            try await database.texts("SELECT to_jsonb(j)::text FROM penstock.jobs j") == [
                """
                {"id": "a", "key": "owner/name", "note": null, "type": "echo", "error": null, "queue": "github", "state": "completed", \
                "result": {"c": 2}, "run_ms": 80, "source": "github", "worker": "host-1-1", "payload": {"b": [1]}, \
                "wait_ms": 10, "attempts": 2, "event_ms": 1700000001000, "priority": 1, "event_seq": 0, \
                "started_at": "2023-11-14T22:13:20.91+00:00", "enqueued_at": "2023-11-14T22:13:20+00:00", \
                "finished_at": "2023-11-14T22:13:21+00:00", "resolved_at": null, "payload_bytes": null}
                """
            ])
        #expect(
            try await database.texts("SELECT to_jsonb(a)::text FROM penstock.attempts a") == [
                """
                {"entry": "1700000000900-1", "error": null, "level": "normal", "queue": "github", "job_id": "a", "run_ms": 80, \
                "worker": "host-1-1", "attempt": 2, "outcome": "completed", "started_at": "2023-11-14T22:13:20.91+00:00", \
                "finished_at": "2023-11-14T22:13:21+00:00"}
                """
            ])
    }

    @Test func `a thousand jobs become a thousand rows in one transaction`() async throws {
        let database = try await Database()
        let events = (0..<1000).map { (number: Int) in
            Event.make(.completed, "job-\(number)", run: number, payload: #"{"n":\#(number)}"#, result: "\(number)")
        }
        _ = try await database.ledger().record(events.shuffled().inQueue)
        #expect(try await database.count("jobs WHERE id = 'job-' || (payload->>'n') AND result = payload->'n'") == 1000)
        #expect(try await database.count("attempts WHERE job_id = 'job-' || split_part(entry, '-', 2)") == 1000)
        #expect(try await database.text("SELECT count(DISTINCT xmin::text) FROM penstock.jobs") == "1")
    }

    /// A life with every kind of event, then a requeue: what each leaves must not depend on what came together.
    static let life: [Event] = [
        .make(.retried, "a", at: 1000, attempt: 1, run: 1, error: "no luck"),
        .make(.released, "a", at: 2000, attempt: 1, run: 2),
        .make(.recovered, "a", at: 3000, attempt: 1, run: 3),
        .make(.snoozed, "a", at: 3500, attempt: 1, run: 6),
        .make(.dead, "a", at: 4000, attempt: 2, run: 4, payload: #"{"b":1}"#, error: "gave up"),
        .make(.unhandled, "a", at: 5000, attempt: 0, run: 5),
        .make(.cancelled, "a", at: 6000, attempt: 0, run: nil, payload: #"{"b":1}"#),
    ]

    @Test func `a batch leaves the same rows as its events one by one`() async throws {
        for count in 1...Self.life.count {
            let events = Array(Self.life.prefix(count)).inQueue
            let (one, all) = (try await Database(), try await Database())
            let ledger = try await one.ledger()
            for event in events { _ = try await ledger.record([event]) }
            _ = try await all.ledger().record(events.shuffled())
            #expect(try await one.jobs() == all.jobs())
            #expect(try await one.count("jobs") == 1)
            #expect(try await one.count("attempts") == events.count { $0.event.run != nil })
            #expect(try await all.count("attempts") == events.count { $0.event.run != nil })
        }
    }

    @Test func `late, repeated and overtaken events change nothing`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        _ = try await ledger.record(Self.life.inQueue)
        let (jobs, attempts) = (
            try await database.jobs(), try await database.texts("SELECT a::text FROM penstock.attempts a ORDER BY 1")
        )
        for event in Self.life.reversed() { _ = try await ledger.record([event].inQueue) }
        _ = try await ledger.record((Self.life + Self.life).inQueue)
        #expect(try await database.jobs() == jobs)
        #expect(try await database.texts("SELECT a::text FROM penstock.attempts a ORDER BY 1") == attempts)

        let reversed = try await Database()
        let other = try await reversed.ledger()
        for event in Self.life.reversed() { _ = try await other.record([event].inQueue) }
        #expect(try await reversed.text("SELECT state FROM penstock.jobs") == "cancelled")
        #expect(try await reversed.texts("SELECT a::text FROM penstock.attempts a ORDER BY 1") == attempts)
    }

    @Test func `events of one millisecond are ordered by their sequence`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        var (first, second) = (Event.make(.retried, "a", error: "x"), Event.make(.completed, "a"))
        first.id.sequence = 9
        second.id.sequence = 10
        _ = try await ledger.record([second].inQueue)
        _ = try await ledger.record([first].inQueue)
        #expect(try await database.text("SELECT state FROM penstock.jobs") == "completed")
    }

    @Test func `a dead job that is requeued and completes goes on in its row`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        _ = try await ledger.record([.make(.dead, "a", at: 1000, run: 1, payload: "1", error: "gave up")].inQueue)
        _ = try await ledger.record([.make(.released, "a", at: 2000, attempt: 0, run: 2)].inQueue)
        let between = "state, payload, error, finished_at, worker"
        #expect(
            try await database.text("SELECT to_jsonb(x) FROM (SELECT \(between) FROM penstock.jobs) x")
                == #"{"error": null, "state": "waiting", "worker": "host-1-2", "payload": 1, "finished_at": null}"#)
        _ = try await ledger.record([.make(.completed, "a", at: 3000, run: 3, payload: "1", result: "2")].inQueue)
        #expect(try await database.count("jobs WHERE state = 'completed' AND error IS NULL AND result = '2'") == 1)
    }

    @Test(arguments: [false, true])
    func `another job under an id that is free again takes over the row and nothing in it`(together: Bool) async throws
    {
        let database = try await Database()
        let ledger = try await database.ledger()
        let old = Event.make(.completed, "a", payload: #"{"old":true}"#, result: "1")
        var new = Event.make(.cancelled, "a", at: 9000, enqueued: 5000, attempt: 0, run: nil)
        new.header?.type = "other"
        for batch in together ? [[old, new]] : [[old], [new]] { _ = try await ledger.record(batch.inQueue) }
        #expect(
            try await database.count(
                """
                jobs WHERE type = 'other' AND state = 'cancelled' AND payload IS NULL AND result IS NULL AND worker IS NULL \
                AND started_at IS NULL AND attempts = 0
                """) == 1)
    }

    @Test func `a job that nobody could read becomes a row with its bytes`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        var event = Event(id: .init(milliseconds: Event.start + 5000, sequence: 0), kind: .dead, jobID: "a")
        event.error = "unreadable"
        event.raw = ByteBuffer(bytes: [0x7B, 0x00, 0xFF])
        _ = try await ledger.record([event].inQueue)
        #expect(
            try await database.count(
                "jobs WHERE type = 'unreadable' AND state = 'dead' AND error = 'unreadable' AND payload_bytes = '\\x7b00ff'"
            )
                == 1)
        // What was known of it before stays.
        event.jobID = "b"
        _ = try await ledger.record([Event.make(.retried, "b", error: "x")].inQueue)
        _ = try await ledger.record([event].inQueue)
        #expect(
            try await database.count("jobs WHERE id = 'b' AND type = 'echo' AND state = 'dead' AND attempts = 1") == 1)
    }

    @Test func `ids that differ only in how an é is written are two jobs`() async throws {
        let database = try await Database()
        _ = try await database.ledger().record([.make(.completed, "\u{E9}"), .make(.completed, "e\u{301}")].inQueue)
        #expect(try await database.count("jobs") == 2)
    }

    @Test func `sinks that write the same jobs at the same time do not deadlock`() async throws {
        let database = try await Database()
        _ = try await database.ledger()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sink in 0..<4 {
                let ledger = try Ledger(url: database.url)
                group.addTask {
                    for round in 0..<15 {
                        let events = (0..<300).map { (number: Int) in
                            Event.make(
                                .retried, "job-\(number)", at: Int64(round * 10 + sink), run: number, error: "x")
                        }
                        _ = try await ledger.record(events.shuffled().inQueue)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await database.count("jobs") == 300)
    }
}
