import Penstock
import Servers
import Support
import Testing

@Suite(.timeLimit(.minutes(3))) struct TimeoutTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }
    private static let quickly = RetryPolicy(.exponential(base: .milliseconds(20)))

    @Test func `a handler that takes too long is cancelled, and its job is tried again`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "work": JobType(timeout: .milliseconds(200), retries: Self.quickly) { job in
                if job.attempt == 1 { try await Task.sleep(for: .seconds(60)) }
                return .none
            }
        ])
        let id = try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.retried, .completed])
        #expect(events.allSatisfy { $0.jobID == id })
        #expect(events.first?.error == "timed out after 0.2 seconds")
        #expect((events.first?.run?.milliseconds).map { 200..<10_000 ~= $0 } == true)
        #expect(events.last?.header?.attempt == 2)
    }

    @Test func `a handler that ignores its timeout is given up, and others get its slot`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let (gate, census) = (Gate(), Census())
        let worker = try rig.worker(
            concurrency: 1, grace: .seconds(2),
            [
                "hang": JobType(timeout: .milliseconds(100), retries: Self.quickly) { job in
                    census.enter(job)
                    if job.attempt == 1 { gate.block() }
                    return .none
                },
                "work": JobType(handler: census.handler()),
            ])
        let hanging = try await rig.enqueue("hang")
        try await Crew.with(worker, rig.scheduler()) {
            defer { gate.open() }
            try await until("hangs") { gate.arrived == 1 }
            let others = try await rig.enqueue(count: 20)
            try await until("the others and the second attempt complete") { try await rig.hasCompleted(21) }
            #expect(others.allSatisfy { census.runs[$0] == 1 })
            #expect(census.runs[hanging] == 2)
            // What the first attempt says when it comes back at last changes nothing.
            gate.open()
            try await rig.enqueue(count: 20)
            try await until("goes on") { try await rig.hasCompleted(41) }
        }
        let events = try await rig.events()
        #expect(events.filter { $0.jobID == hanging }.map(\.kind) == [.retried, .completed])
        #expect(events.of(.completed).count == 41)
        #expect(try await rig.total("lost") == 0)
    }

    @Test func `a handler that has been given up does not raise the number of jobs at a time`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let (gate, census) = (Gate(), Census())
        let worker = try rig.worker(
            concurrency: 2, grace: .seconds(2),
            [
                "hang": JobType(timeout: .milliseconds(100), attempts: 1) { _ in
                    gate.block()
                    return .none
                },
                "work": JobType(
                    handler: census.handler { _ in
                        await Task.yield()
                        return .none
                    }),
            ])
        try await rig.enqueue(count: 2, "hang")
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("both are dead") { try await rig.total("dead") == 2 }
            gate.open()
            try await rig.enqueue(count: 300)
            try await until("all complete") { try await rig.hasCompleted(300) }
        }
        #expect(census.most <= 2)
    }

    @Test func `the job's own timeout goes before its type's`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "patient": JobType(timeout: .seconds(600), attempts: 1) { _ in
                try await Task.sleep(for: .seconds(60))
                return .none
            },
            "strict": JobType(timeout: .milliseconds(50), attempts: 1) { _ in
                try await Task.sleep(for: .milliseconds(300))
                return .none
            },
        ])
        let short = try await rig.enqueue("patient") { $0.timeout = .milliseconds(100) }
        let long = try await rig.enqueue("strict") { $0.timeout = .seconds(600) }
        try await Crew.with(worker) {
            try await until("both end") {
                let totals = try await rig.queue.backlog().totals
                return totals["completed"] == 1 && totals["dead"] == 1
            }
        }
        let events = try await rig.events()
        #expect(events.of(.dead).map(\.jobID) == [short])
        #expect(events.of(.dead).first?.error == "timed out after 0.1 seconds")
        #expect(events.of(.completed).map(\.jobID) == [long])
    }
}
