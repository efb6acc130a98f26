import Penstock
import Servers
import Support
import Testing

/// Jobs of a type that nobody runs yet.
@Suite(.timeLimit(.minutes(3))) struct UnhandledTypeTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `they wait until a worker that knows the type comes, and are charged nothing`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let census = Census()
        let first = try rig.worker(["known": { _ in .none }])
        let second = try rig.worker(["known": { _ in .none }, "new": census.handler()])
        let ids = try await rig.enqueue(count: 150, "new")
        try await Crew.with(first, rig.scheduler()) {
            try await until("all are parked") { try await rig.queue.backlog().parkedTypes == ["new": 150] }
            #expect(try await rig.queue.job(ids[0])?.state == .parked)
            // Those that it does know are not held up.
            try await rig.enqueue("known")
            try await until("the known one completes") { try await rig.hasCompleted(1) }
            #expect(census.begun == 0)
            try await Crew.with(second) {
                try await until("all complete") { try await rig.hasCompleted(151) }
            }
        }
        #expect(Set(census.runs.keys) == Set(ids) && census.begun == 150)
        #expect(census.jobs.allSatisfy { $0.attempt == 1 })
        let events = try await rig.events()
        #expect(events.of(.unhandled).count >= 150)
        #expect(events.of(.completed).allSatisfy { $0.header?.attempt == 1 && $0.header?.crashes == 0 })
        #expect(try await rig.queue.backlog().parked == 0)
    }

    @Test func `one can be cancelled while it is parked`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let id = try await rig.enqueue("new")
        try await Crew.with(rig.worker(["known": { _ in .none }])) {
            try await until("is parked") { try await rig.queue.job(id)?.state == .parked }
        }
        #expect(try await rig.queue.cancel(id) == .cancelled)
        #expect(try await rig.events().last?.kind == .cancelled)
        #expect(try await rig.queue.backlog().parked == 0)
    }
}
