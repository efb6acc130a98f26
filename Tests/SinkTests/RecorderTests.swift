import Foundation
import Logging
import NIOCore
import Penstock
import Servers
import ServiceLifecycle
import Support
import Testing

@testable import Sink

/// The whole way: real jobs, run by a real worker on a real Redis, recorded in a real Postgres.
@Suite struct RecorderTests {
    @Test func `jobs of any payload that a worker has run become rows, and Redis forgets their events`() async throws {
        let rig = try await Rig()
        let payloads = [
            ByteBuffer(string: #"{"a":1}"#), ByteBuffer(string: #"{"a":"\u0000"}"#), ByteBuffer(bytes: [0xFF, 0x00]),
            ByteBuffer(repeating: UInt8(ascii: "x"), count: 20 << 20), ByteBuffer(),
        ]
        let queue = try Queue("github", in: rig.store)
        var ids: [String] = []
        for payload in payloads { ids.append(try await queue.enqueue(NewJob(type: "ok", payload: payload)).id) }
        let dead = try await queue.enqueue(NewJob(type: "bury", payload: ByteBuffer(string: "1"))).id
        try await rig.serve {
            try await rig.until { try await rig.database.count("jobs") == payloads.count + 1 }
            try await rig.until { try await queue.backlog().events == 0 }
        }
        let history = try PostgresHistory(url: rig.database.url)
        for (id, payload) in zip(ids, payloads) {
            let job = try #require(await history.job(queue: "github", id: id))
            #expect(job.state == .completed && job.attempts == 1 && job.type == "ok")
            #expect(job.result == ByteBuffer(string: "\(payload.readableBytes)"))
            // jsonb writes a space behind a colon.
            #expect(job.payload == (id == ids[0] ? ByteBuffer(string: #"{"a": 1}"#) : payload))
            #expect(job.startedAt != nil && job.finishedAt != nil && job.worker != nil && job.waitMilliseconds != nil)
        }
        let job = try #require(await history.job(queue: "github", id: dead))
        #expect(job.state == .dead && job.error == "never" && job.attempts == 1)
        #expect(try await rig.database.count("attempts") == payloads.count + 1)
    }

    @Test func `a skipped job is completed with its reason, a snoozed one is delayed, and both have had a run`()
        async throws
    {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        let skipped = try await queue.enqueue(NewJob(type: "skip", payload: ByteBuffer(string: "1"))).id
        let snoozed = try await queue.enqueue(NewJob(type: "snooze", payload: ByteBuffer(string: "1"))).id
        try await rig.serve { try await rig.until { try await rig.database.count("jobs") == 2 } }
        let history = try PostgresHistory(url: rig.database.url)
        let done = try #require(await history.job(queue: "github", id: skipped))
        #expect(done.state == .completed && done.attempts == 1 && done.error == nil)
        #expect(done.result == ByteBuffer(string: #"{"skipped": "nothing to do"}"#))
        let waits = try #require(await history.job(queue: "github", id: snoozed))
        #expect(waits.state == .delayed && waits.attempts == 0 && waits.finishedAt == nil && waits.worker != nil)
        #expect(
            try await rig.database.texts(
                "SELECT outcome || attempt FROM penstock.attempts WHERE run_ms >= 0 ORDER BY outcome")
                == ["completed1", "snoozed1"])
    }

    @Test func `a note on a dead letter arrives in its row`() async throws {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        let id = try await queue.enqueue(NewJob(type: "bury", payload: ByteBuffer(string: #"{"a":1}"#))).id
        let history = try PostgresHistory(url: rig.database.url)
        var died: Date?
        try await rig.serve {
            try await rig.until {
                died = try await history.job(queue: "github", id: id)?.finishedAt
                return died != nil
            }
            try await queue.resolve(id, note: "mended by hand")
            try await rig.until { try await history.job(queue: "github", id: id)?.note != nil }
        }
        let job = try #require(await history.job(queue: "github", id: id))
        #expect(job.state == .dead && job.error == "never" && job.note == "mended by hand" && job.attempts == 1)
        #expect(job.finishedAt == died && job.payload == ByteBuffer(string: #"{"a": 1}"#))
        #expect(try await rig.database.count("attempts") == 1)
        #expect(try await queue.job(id) == nil)
    }

    @Test func `the note of a sink that is ahead of the one with the death has all that the death had`() async throws {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        let id = try await queue.enqueue(NewJob(type: "bury", payload: ByteBuffer(string: #"{"a":1}"#))).id
        let worker = try Worker(queues: ["github"], in: rig.store, handlers: ["bury": { _ in throw Bury("never") }])
        let running = Task { try await worker.run() }
        try await rig.until { try await queue.job(id)?.state == .dead }
        running.cancel()
        try await running.value
        try await queue.resolve(id, note: "mended")
        let events = try await queue.events(consumer: "one")
        #expect(events.map(\.kind) == [.dead, .resolved])
        let ledger = try await rig.database.ledger()
        for event in events.reversed() { _ = try await ledger.record([event].inQueue) }
        let job = try #require(await PostgresHistory(url: rig.database.url).job(queue: "github", id: id))
        #expect(job.state == .dead && job.error == "never" && job.note == "mended" && job.finishedAt != nil)
        #expect(job.payload == ByteBuffer(string: #"{"a": 1}"#))
        #expect(try await rig.database.count("attempts") == 1)
    }

    @Test func `while Postgres is away jobs go on, and every record arrives once when it is back`() async throws {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        try await rig.serve {
            try await rig.enqueue(300, to: queue)
            try await rig.until { try await rig.database.count("jobs") > 0 }
            rig.postgres.kill()
            try await rig.enqueue(700, to: queue)
            try await rig.until { try await queue.backlog().totals["completed"] == 1000 }
            #expect(try await queue.backlog().events > 0)
            try rig.postgres.start()
            try await rig.until { try await queue.backlog().events == 0 }
        }
        #expect(try await rig.database.count("jobs WHERE state = 'completed'") == 1000)
        #expect(try await rig.database.count("attempts") == 1000)
        #expect(rig.lines.count("Postgres is away; records wait in Redis") == 1)
        #expect(rig.lines.count("Postgres is back") == 1)
    }

    @Test func `after a crash of Redis it goes on by itself`() async throws {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        try await rig.serve {
            try await rig.enqueue(100, to: queue)
            try await rig.until { try await rig.database.count("jobs") == 100 }
            rig.redis.kill()
            try rig.redis.start()
            try await rig.store.connect(within: .seconds(20))
            try await rig.enqueue(100, to: queue)
            try await rig.until { try await rig.database.count("jobs WHERE state = 'completed'") == 200 }
        }
        #expect(try await rig.database.count("attempts") == 200)
    }

    @Test func `a recorder that is told to stop while Postgres is away returns, and the records stay in Redis`()
        async throws
    {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        try await rig.serve {
            try await rig.enqueue(10, to: queue)
            try await rig.until { try await rig.database.count("jobs") == 10 }
            rig.postgres.kill()
            try await rig.enqueue(10, to: queue)
            try await rig.until { rig.lines.count("Postgres is away; records wait in Redis") == 1 }
        }
        #expect(try await queue.backlog().events == 10)
    }

    @Test func `a recorder that is told to stop while Postgres hangs returns soon`() async throws {
        let rig = try await Rig()
        let queue = try Queue("github", in: rig.store)
        _ = try await rig.database.ledger()
        // Somebody else's lock is a server that never answers this one statement.
        let stranger = try Connection(try Address(rig.database.url), until: Curfew())
        try stranger.run("BEGIN; LOCK TABLE penstock.jobs", within: .seconds(5))
        let clock = ContinuousClock()
        var begun = clock.now
        try await rig.serve {
            try await rig.enqueue(10, to: queue)
            try await rig.until {
                try await rig.database.text("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"
            }
            begun = clock.now
        }
        #expect(begun.duration(to: clock.now) < .seconds(40))
        #expect(try await queue.backlog().events == 10)
    }

    @Test func `a queue that was not there at start is found`() async throws {
        let rig = try await Rig(queues: ["github", "later"])
        try await rig.serve {
            try await rig.enqueue(1, to: try Queue("later", in: rig.store))
            try await rig.until { try await rig.database.count("jobs WHERE queue = 'later'") == 1 }
        }
    }

    @Test func `a schema of a newer program ends the service with an error`() async throws {
        let rig = try await Rig()
        _ = try await rig.database.ledger()
        try await rig.database.run("INSERT INTO penstock.migrations (number, name) VALUES (9999, 'of tomorrow')")
        await #expect(throws: PostgresError.newerSchema(found: 9999, known: Migration.newest)) {
            try await rig.recorder().run()
        }
    }
}
