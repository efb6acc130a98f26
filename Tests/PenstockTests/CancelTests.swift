import Penstock
import Servers
import Support
import Testing

@Suite(.timeLimit(.minutes(3))) struct CancelTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a job that waits or is delayed is over at once and never runs`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let waiting = try await rig.enqueue("work", "precious") { $0.unique = "one" }
        let delayed = try await rig.enqueue { $0.delay = .milliseconds(300) }
        #expect(try await rig.queue.job(delayed)?.state == .delayed)
        for id in [waiting, delayed] {
            #expect(try await rig.queue.cancel(id) == .cancelled)
            #expect(try await rig.queue.job(id) == nil)
        }
        // Its unique key is free again.
        let last = try await rig.enqueue {
            $0.delay = .milliseconds(400)
            $0.unique = "one"
        }
        try await Crew.with(rig.worker(["work": census.handler()])) {
            try await until("the last one, due behind the others, completes") { try await rig.hasCompleted(1) }
        }
        #expect(census.runs == [last: 1])
        let events = try await rig.events()
        #expect(events.map(\.jobID) == [waiting, delayed, last])
        #expect(events.map(\.kind) == [.cancelled, .cancelled, .completed])
        #expect(events.first?.run == nil && events.first?.payload.map(String.init(buffer:)) == "precious")
    }

    @Test func `the handler of a running job is cancelled by the next renewal`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let census = Census()
        let worker = try rig.worker(
            concurrency: 1,
            [
                "work": census.handler { _ in
                    try await Task.sleep(for: .seconds(600))
                    return .none
                },
                "quick": census.handler { _ in
                    try Task.checkCancellation()
                    return .none
                },
            ])
        let id = try await rig.enqueue()
        try await Crew.with(worker) {
            try await until("runs") { census.begun == 1 }
            #expect(try await rig.queue.cancel(id) == .cancelling)
            try await until("is cancelled", within: .seconds(10)) { try await rig.total("cancelled") == 1 }
            // The only slot is free, and not cancelled itself.
            try await rig.enqueue(count: 20, "quick")
            try await until("the next ones complete") { try await rig.hasCompleted(20) }
        }
        #expect(census.runs[id] == 1)
        #expect(try await rig.events().filter { $0.jobID == id }.map(\.kind) == [.cancelled])
        #expect(try await rig.queue.job(id) == nil)
    }

    @Test func `a running job whose handler ignores it and fails is cancelled, one that succeeds completes`()
        async throws
    {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let (gate, told) = (Gate(), ["fails": Gate(), "succeeds": Gate()])
        let wait: Handler = { job in
            await withTaskCancellationHandler {
                await gate.pass()
            } onCancel: {
                told[job.type]?.open()
            }
            return .none
        }
        let worker = try rig.worker([
            "fails": { job in
                _ = try await wait(job)
                throw Bury("no")
            },
            "succeeds": wait,
        ])
        let fails = try await rig.enqueue("fails")
        let succeeds = try await rig.enqueue("succeeds")
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("both run") { gate.arrived == 2 }
            for id in [fails, succeeds] { #expect(try await rig.queue.cancel(id) == .cancelling) }
            try await until("both are told") { told.values.allSatisfy(\.isOpen) }
            gate.open()
            try await until("both end") { try await rig.queue.backlog().running == 0 }
        }
        let ends = try await rig.events()
        #expect(ends.count == 2)
        #expect(ends.filter { $0.jobID == succeeds }.map(\.kind) == [.completed])
        #expect(ends.filter { $0.jobID == fails }.map(\.kind) == [.cancelled])
    }

    @Test func `what is unknown or dead cannot be cancelled`() async throws {
        let rig = try await Rig(on: Self.server.get())
        await #expect { try await rig.queue.cancel("nobody") } throws: {
            if case QueueError.unknown = $0 { true } else { false }
        }
        let id = try await rig.enqueue()
        try await Crew.with(rig.worker(["work": { _ in throw Bury("no") }])) {
            try await until("dies") { try await rig.total("dead") == 1 }
        }
        await #expect { try await rig.queue.cancel(id) } throws: {
            if case QueueError.invalid = $0 { true } else { false }
        }
    }
}
