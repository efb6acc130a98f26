import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Penstock

/// A run inside the worker, from the claim to its outcome.
@Suite(.timeLimit(.minutes(1))) struct RunTests {
    private func run(_ handler: @escaping Handler) -> Run {
        var header = Header()
        header.type = "work"
        header.enqueuedAt = 1
        return Run(
            lane: 0, name: .init(level: "normal", entry: "1-1", id: "one", n: 1),
            job: Job(id: "one", queue: "q", type: "work", payload: ByteBuffer()), type: JobType(handler: handler),
            header: header, claimedAt: 1, claimed: .now())
    }

    private func word(_ outcome: Outcome?) -> String {
        switch outcome?.verdict {
        case .completed: "completed"
        case .skipped(let reason): "skipped \(reason)"
        case .snooze(let pause): "snooze \(pause)"
        case .retry(_, let text): "retry \(text)"
        case .dead(let text): "dead \(text)"
        case .release: "release"
        case .unhandled: "unhandled"
        case .cancelled: "cancelled"
        case .some(.none): "untold"
        case nil: "nothing"
        }
    }

    @Test(arguments: [
        (Run.Fate.cancelled, "cancelled"), (.lost, "untold"), (.shutdown, "release"),
        (.timedOut(.seconds(1)), "retry timed out after 1.0 seconds"),
    ])
    func `what is stopped before a thread is free for it never begins`(fate: Run.Fate, expected: String) async {
        let census = Census()
        let run = run(census.handler())
        #expect(run.stop(because: fate))
        let outcome = await run.perform {}
        #expect(word(outcome) == expected)
        #expect(census.begun == 0)
    }

    @Test func `a run that was taken back is over for its timeout`() async {
        let run = run { _ in .none }
        #expect(word(run.outcome(.cancelled)) == "cancelled")
        #expect(!run.stop(because: .timedOut(.seconds(1))))
        #expect(run.abandon() == nil)
    }

    @Test func `a run that was given up says nothing when its handler returns at last`() async throws {
        let gate = Gate()
        let run = run { _ in
            await gate.pass()
            return .none
        }
        let performing = Task { await run.perform {} }
        try await until("it runs") { gate.arrived == 1 }
        #expect(run.stop(because: .timedOut(.seconds(1))))
        #expect(word(run.abandon()) == "retry timed out after 1.0 seconds")
        gate.open()
        #expect(await performing.value == nil)
    }

    @Test func `the time of a handler begins when it does, not with the claim`() async throws {
        let gate = Gate()
        let run = run { _ in
            await gate.pass()
            return .none
        }
        let short = Run.Limit(duration: .milliseconds(1), isOfSilence: false)
        let long = Run.Limit(duration: .seconds(600), isOfSilence: false)
        #expect(run.timeLeft(of: short) == .milliseconds(1))
        let performing = Task { await run.perform {} }
        try await until("its time is over") { run.timeLeft(of: short) == nil }
        #expect(run.timeLeft(of: long) != nil)
        gate.open()
        #expect(word(await performing.value) == "completed")
        #expect(run.timeLeft(of: long) == nil)
    }

    @Test func `only the first reason to stop counts`() async {
        let run = run { _ in throw CancellationError() }
        let told = Mutex(0)
        #expect(run.stop(because: .cancelled) && run.stop(because: .shutdown))
        #expect(word(await run.perform { told.withLock { $0 += 1 } }) == "cancelled")
        #expect(!run.stop(because: .lost))
        #expect(told.withLock { $0 } == 0)
    }

    @Test func `a handler that comes back after the end of its worker tells nobody`() async throws {
        let pool = HandlerPool(limit: 2, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let gate = Gate()
        let signals = Census()
        let slots = Slots(count: 1, pool: pool) { signals.enter() }
        slots.push([
            run { _ in
                await gate.pass()
                return .none
            }
        ])
        try await until("it runs") { gate.arrived == 1 }
        slots.close()
        pool.close()
        gate.open()
        // The outcome is noted and told in one step, or not told.
        try await until("it is back") { !slots.takeOutcomes().isEmpty }
        #expect(signals.most == 0)
    }

    @Test func `runs that no handler has begun can be taken back`() async throws {
        let pool = HandlerPool(limit: 2, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let gate = Gate()
        let signals = Mutex(0)
        let slots = Slots(count: 1, pool: pool) { signals.withLock { $0 += 1 } }
        defer {
            slots.close()
            pool.close()
        }
        let first = run { _ in
            await gate.pass()
            return .none
        }
        let (second, third) = (run { _ in .none }, run { _ in .none })
        slots.push([first])
        try await until("the first runs") { gate.arrived == 1 }
        slots.push([second, third])
        #expect(slots.takeReady { $0 === third }.map(ObjectIdentifier.init) == [ObjectIdentifier(third)])
        #expect(slots.takeReady().map(ObjectIdentifier.init) == [ObjectIdentifier(second)])
        #expect(slots.takeReady().isEmpty)
        gate.open()
        try await until("it is told of the first, once") { signals.withLock { $0 } == 1 }
        #expect(slots.takeOutcomes().map { word($0) } == ["completed"])
    }
}
