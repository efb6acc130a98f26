import Foundation
import Logging
import NIOCore
import Penstock
import Servers
import ServiceLifecycle
import Support
import Synchronization
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

/// Servers, a worker and a recorder of one test's own.
private struct Rig {
    let redis: RedisServer
    let postgres: PostgresServer
    let database: Database
    let store: Store
    let lines = Lines()
    let queues: [String]

    init(queues: [String] = ["github"]) async throws {
        redis = try RedisServer.started()
        postgres = try PostgresServer.started()
        database = try await Database(on: postgres)
        store = try Store(url: redis.url)
        self.queues = queues
        try await store.connect(within: .seconds(10))
        for queue in queues { _ = try await Queue(queue, in: store).configure(["record": "yes"]) }
    }

    func recorder() throws -> Recorder {
        let lines = lines
        return Recorder(
            ledger: try Ledger(url: database.url), store: store, consumer: "sink-1",
            logger: Logger(label: "recorder") { _ in lines }, queues: { ["github"] })
    }

    /// Runs worker and recorder for as long as the body takes, then tells both to stop and waits until they have.
    func serve(_ body: () async throws -> Void) async throws {
        let handlers: [String: Handler] = [
            "ok": { job in .json(bytes: ByteBuffer(string: "\(job.payload.readableBytes)")) },
            "bury": { _ in throw Bury("never") },
        ]
        let worker = try Worker(queues: queues, in: store, concurrency: 20, handlers: handlers)
        let services = ServiceGroup(services: [worker, try recorder()], logger: Logger(label: "test"))
        let running = Task { try await services.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await services.triggerGracefulShutdown()
        try await running.value
        try result.get()
    }

    func enqueue(_ count: Int, to queue: Queue) async throws {
        let jobs = (0..<count).map { _ in NewJob(type: "ok", payload: ByteBuffer(string: "{}")) }
        for answer in await queue.enqueue(jobs) { _ = try answer.get() }
    }

    /// Waits for a condition, at most 30 s. A store that is away does not fulfil it.
    func until(_ condition: () async throws -> Bool, at place: SourceLocation = #_sourceLocation) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while await (try? condition()) != true {
            try #require(ContinuousClock.now < deadline, "the condition did not come true", sourceLocation: place)
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Keeps the messages that are logged.
private struct Lines: LogHandler {
    private final class Messages: Sendable {
        let all = Mutex<[String]>([])
    }

    private let messages = Messages()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        messages.all.withLock { $0.append("\(event.message)") }
    }

    func count(_ message: String) -> Int {
        messages.all.withLock { all in all.count { $0 == message } }
    }
}
