import Penstock
import Servers
import Support
import Testing

/// How a worker stops.
@Suite(.timeLimit(.minutes(3))) struct ShutdownTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a handler that ends in time completes its job, and nothing more is claimed`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let (gate, census) = (Gate(), Census())
        let worker = try rig.worker(
            concurrency: 1,
            [
                "work": census.handler { _ in
                    await gate.pass()
                    return .none
                }
            ])
        let ids = try await rig.enqueue(count: 5)
        let crew = Crew(worker)
        try await until("runs") { gate.arrived == 1 }
        await crew.tellToStop()
        try await until("drains") { rig.lines.contains("draining") }
        gate.open()
        try await crew.ended()
        #expect(census.runs == [ids[0]: 1])
        #expect(try await rig.events().map(\.kind) == [.completed])
        #expect(try await rig.queue.backlog().waiting == 4)
        #expect(try await rig.queue.backlog().running == 0)
    }

    @Test func `a handler that can be cancelled is, and its job is given back uncharged`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker(
            grace: .seconds(2),
            [
                "work": { _ in
                    try await Task.sleep(for: .seconds(600))
                    return .none
                }
            ])
        let id = try await rig.enqueue()
        let crew = Crew(worker)
        try await until("runs") { try await rig.queue.job(id)?.state == .running }
        let time = try await ContinuousClock().measure { try await crew.stop() }
        #expect(time < .seconds(10))
        #expect(!rig.lines.contains("handlers did not end in time; their jobs are released"))
        #expect(try await rig.events().map(\.kind) == [.released])
        let record = try #require(await rig.queue.job(id))
        #expect(record.state == .waiting && record.attempts == 0)
    }

    enum Fault: CaseIterable { case suspends, blocks, spins }

    @Test(arguments: Fault.allCases)
    func `a handler that never returns does not hold up the end, and another worker runs its job`(fault: Fault)
        async throws
    {
        let rig = try await Rig(on: Self.server.get())
        let gate = Gate()
        defer { gate.open() }
        let worker = try rig.worker(
            concurrency: 3, grace: .seconds(2),
            [
                "work": { _ in
                    switch fault {
                    case .suspends: await gate.pass()
                    case .blocks: gate.block()
                    case .spins: gate.spin()
                    }
                    return .none
                }
            ])
        let ids = try await rig.enqueue(count: 3)
        let crew = Crew(worker)
        try await until("all run") { gate.arrived == 3 }
        let time = try await ContinuousClock().measure { try await crew.stop() }
        #expect(time < .seconds(10))
        for id in ids {
            let record = try #require(await rig.queue.job(id))
            #expect(record.state == .waiting && record.attempts == 0)
        }
        let census = Census()
        try await Crew.with(rig.worker(["work": census.handler()])) {
            try await until("complete") { try await rig.hasCompleted(3) }
        }
        #expect(census.jobs.allSatisfy { $0.attempt == 1 })
        let events = try await rig.events()
        #expect(events.of(.released).count == 3 && events.of(.completed).count == 3 && events.count == 6)
        #expect(events.allSatisfy { $0.header?.crashes == 0 })
    }

    @Test func `leases are renewed while a worker drains`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 2000)
        let foreign = try await rig.enqueue("other")
        _ = try await rig.claim(by: "gone")
        let census = Census()
        let worker = try rig.worker(
            concurrency: 1, grace: .seconds(30),
            [
                "work": census.handler { _ in
                    try await Task.sleep(for: .milliseconds(6500))
                    return .none
                }
            ])
        let id = try await rig.enqueue()
        let (crew, scheduler) = (Crew(worker), Crew(rig.scheduler()))
        try await until("runs") { census.begun == 1 }
        try await crew.stop()
        // Proves that the scheduler did recover what nobody renewed.
        try await until("recovers") { try await rig.total("recovered") == 1 }
        try await scheduler.stop()
        let events = try await rig.events()
        #expect(events.filter { $0.jobID == id }.map(\.kind) == [.completed])
        #expect(events.of(.recovered).map(\.jobID) == [foreign])
    }

    @Test func `the cancellation of its task stops a worker in the same way`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let gate = Gate()
        let worker = try rig.worker(
            concurrency: 2, grace: .seconds(2),
            [
                "ends": { _ in
                    await gate.pass()
                    return .none
                },
                "hangs": { _ in
                    try await Task.sleep(for: .seconds(600))
                    return .none
                },
            ])
        let ends = try await rig.enqueue("ends")
        let hangs = try await rig.enqueue("hangs")
        let running = Task { try await worker.run() }
        try await until("both run") { try await rig.queue.backlog().running == 2 && gate.arrived == 1 }
        running.cancel()
        try await until("drains") { rig.lines.contains("draining") }
        gate.open()
        try await running.value
        #expect(try await rig.queue.job(hangs)?.state == .waiting)
        #expect(try await rig.events().of(.completed).map(\.jobID) == [ends])
    }

    @Test func `a worker that is idle, or has never reached Redis, stops at once`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let nowhere = try Store(url: "unix:///tmp/penstock-nobody-listens.sock", logger: .silent)
        let lost = try Worker(queues: ["q"], in: nowhere, grace: .seconds(60), handlers: [:], logger: .silent)
        let idle = try rig.worker(grace: .seconds(60), ["work": { _ in .none }])
        let crew = Crew(lost, idle)
        try await rig.enqueue()
        try await until("works") { try await rig.hasCompleted(1) }
        let time = try await ContinuousClock().measure { try await crew.stop() }
        #expect(time < .seconds(10))
    }
}
