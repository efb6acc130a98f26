import Servers
import Support
import Testing

@testable import Penstock

/// Which queue is served, and when none is.
@Suite(.timeLimit(.minutes(3))) struct FairnessTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `one saturated queue does not keep a job of another from running`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let other = try await Rig(on: Self.server.get())
        let worker = try rig.worker(concurrency: 1, queues: [other.queue.name], ["work": { _ in .none }])
        try await rig.enqueue(count: 3000)
        try await Crew.with(worker) {
            try await until("works") { try await rig.hasCompleted(10) }
            try await other.enqueue()
            try await until("the other queue's job completes") { try await other.hasCompleted(1) }
            #expect(try await rig.queue.backlog().waiting > 0)
        }
    }

    @Test func `an idle queue takes no slot from a busy one`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let idle = try await Rig(on: Self.server.get())
        let worker = try rig.worker(concurrency: 1, queues: [idle.queue.name], ["work": { _ in .none }])
        try await rig.enqueue(count: 500)
        try await Crew.with(worker) {
            // While the bell of the idle queue held the only slot, a job a second would run.
            try await until("all complete", within: .seconds(20)) { try await rig.hasCompleted(500) }
        }
    }

    @Test func `a worker with more queues than slots hears the bell of each`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let others = [try await Rig(on: Self.server.get()), try await Rig(on: Self.server.get())]
        let worker = try rig.worker(concurrency: 1, queues: others.map(\.queue.name), ["work": { _ in .none }])
        try await Crew.with(worker) {
            let time = try await ContinuousClock().measure {
                for round in 1...10 {
                    for each in [rig] + others {
                        try await each.enqueue()
                        try await until("completes") { try await each.hasCompleted(round) }
                    }
                }
            }
            #expect(time < .seconds(10))
        }
    }

    @Test(arguments: [1, 10])
    func `a worker of several idle queues makes a few calls a second`(concurrency: Int) async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false), lease: 60_000)
        let worker = try rig.worker(
            concurrency: concurrency, queues: ["\(rig.queue.name)-2", "\(rig.queue.name)-3"], ["work": { _ in .none }])
        let wire = try await rig.wire()
        func calls() async throws -> Int {
            let text = try await wire.send("INFO", "commandstats").string ?? ""
            return text.firstMatch(of: /cmdstat_fcall:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
        }
        try await Crew.with(worker) {
            try await rig.enqueue()
            try await until("works") { try await rig.hasCompleted(1) }
            let before = try await calls()
            let time = try await ContinuousClock().measure {
                try await until("calls are made") { try await calls() >= before + 40 }
            }
            // Each queue is looked at once a second, and once more when the wait for its bell ends.
            #expect(time > .seconds(2))
        }
    }

    @Test func `of a paused queue nothing is claimed, and resuming starts at once`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let (census, gate) = (Census(), Gate())
        let worker = try rig.worker(
            concurrency: 1,
            [
                "work": census.handler(),
                "held": { _ in
                    await gate.pass()
                    return .none
                },
            ])
        try await rig.enqueue("held")
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("runs") { gate.arrived == 1 }
            try await rig.queue.pause()
            #expect(try await rig.queue.backlog().isPaused)
            try await rig.enqueue(count: 10)
            // What runs goes on, and its end asks for more.
            gate.open()
            try await until("the running one completes") { try await rig.hasCompleted(1) }
            try await rig.makeLook(times: 3)
            #expect(census.begun == 0)
            let time = try await ContinuousClock().measure {
                try await rig.queue.resume()
                try await until("all complete") { try await rig.hasCompleted(11) }
            }
            #expect(time < .seconds(5))
        }
        #expect(census.begun == 10)
    }

    @Test func `at the bound of events runs are settled and none is claimed, until some are recorded`() async throws {
        let rig = try await Rig(on: Self.server.get(), settings: ["maxEvents": "10"])
        let census = Census()
        let worker = try rig.worker(concurrency: 4, ["work": census.handler()])
        try await rig.enqueue(count: 100)
        try await Crew.with(worker) {
            try await until("the bound is reached") { try await rig.queue.backlog().events >= 10 }
            try await until("what runs is settled") { try await rig.queue.backlog().running == 0 }
            let reached = try await rig.queue.backlog()
            try await rig.makeLook(times: 3)
            #expect(try await rig.queue.backlog().events == reached.events)
            // Two turns may be under way, each of which had looked before.
            #expect(reached.events <= 10 + 2 * 4)
            #expect(census.begun == reached.events && reached.waiting == 100 - reached.events)
            try await until("all complete while events are recorded") {
                _ = try await rig.events()
                return try await rig.hasCompleted(100)
            }
        }
        #expect(census.begun == 100)
    }
}

extension Rig {
    /// Rings the doorbell and waits until the worker has come to look, so many times.
    fileprivate func makeLook(times: Int) async throws {
        for _ in 0..<times {
            _ = try await store.send(.init("ZADD", key("bell"), "0", "ring"))
            try await until("the worker looks") { try await store.send(.init("ZCARD", key("bell"))).integer == 0 }
        }
    }
}
