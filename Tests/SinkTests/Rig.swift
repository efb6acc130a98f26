import Foundation
import Logging
import NIOCore
import Penstock
import Servers
import ServiceLifecycle
import Support
import Testing

@testable import Sink

/// Servers, a worker and a recorder of one test's own.
struct Rig {
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
            "skip": { _ in throw Skip("nothing to do") },
            "snooze": { _ in throw Snooze(after: .seconds(3600)) },
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
