import Penstock
import Servers
import Support
import Testing

/// The server goes away in mid-load and comes back; nobody restarts the worker.
@Suite(.timeLimit(.minutes(3))) struct OutageTests {
    private static let jobs = 3000

    @Test func `a worker goes on by itself after a crash of Redis, and every job completes`() async throws {
        let rig = try await Rig(on: RedisServer.started(), lease: 2000)
        let ids = try await rig.enqueue(count: Self.jobs)
        let worker = try rig.worker(concurrency: 8, ["work": { _ in .none }])
        try await Crew.with(worker, rig.scheduler()) {
            for part in 1...2 {
                try await until("works") { try await rig.hasCompleted(Self.jobs / 4 * part) }
                rig.server.kill()
                try rig.server.start()
            }
            try await until("all complete") { try await rig.hasCompleted(Self.jobs) }
        }
        #expect(rig.lines.contains("Redis is away") && rig.lines.contains("Redis is back"))
        try await expectAllRecordedOnce(rig, ids)
    }

    @Test func `a worker goes on by itself after Redis has hung, and every job completes`() async throws {
        let rig = try await Rig(on: RedisServer.started(), lease: 2000)
        let ids = try await rig.enqueue(count: Self.jobs)
        let worker = try rig.worker(concurrency: 8, ["work": { _ in .none }])
        try await Crew.with(worker, rig.scheduler()) {
            try await until("works") { try await rig.hasCompleted(Self.jobs / 4) }
            rig.server.suspend()
            defer { rig.server.resume() }
            // It says so when a command has had no answer for its whole time.
            try await until("the worker notices") { rig.lines.contains("Redis is away") }
            rig.server.resume()
            try await until("all complete") { try await rig.hasCompleted(Self.jobs) }
        }
        try await expectAllRecordedOnce(rig, ids)
    }

    @Test func `a worker that starts before its server does begins when that is there`() async throws {
        let server = try RedisServer.started()
        server.kill()
        let store = try Store(url: server.url, logger: .silent)
        let lines = Lines()
        let worker = try Worker(
            queues: ["early"], in: store, handlers: ["work": { _ in .none }],
            logger: .init(label: "test") { _ in lines })
        try await Crew.with(worker) {
            try await until("tries") { lines.contains("Redis is away") }
            try server.start()
            let rig = try await Rig(on: server)
            let queue = try Queue("early", in: rig.store)
            _ = try await queue.enqueue(NewJob(type: "work", json: 1))
            try await until("completes") { try await queue.backlog().totals["completed"] == 1 }
        }
    }

    private func expectAllRecordedOnce(_ rig: Rig, _ ids: [String]) async throws {
        let completed = try await rig.events().of(.completed).map(\.jobID)
        #expect(completed.count == ids.count && Set(completed) == Set(ids))
        let backlog = try await rig.queue.backlog()
        #expect(backlog.running == 0 && backlog.waiting == 0 && backlog.delayed == 0 && backlog.dead == 0)
    }
}
