import NIOPosix
import Testing

@testable import Penstock

@Suite(.timeLimit(.minutes(2))) struct HandlerPoolTests {
    private func pool(limit: Int) -> HandlerPool {
        HandlerPool(limit: limit, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    }

    @Test func `it grows when its threads block, up to its limit`() async throws {
        let pool = pool(limit: 20)
        let (gate, late) = (Gate(), Gate())
        defer { pool.close() }
        for _ in 0..<20 { Task(executorPreference: pool) { gate.block() } }
        try await until("twenty block") { gate.arrived == 20 }
        let last = Task(executorPreference: pool) { late.open() }
        pool.changeLimit(by: 1)
        // The limit is looked at when more work comes.
        Task(executorPreference: pool) {}
        try await until("a raised limit lets one more thread work") { late.isOpen }
        gate.open()
        await last.value
    }

    @Test func `work that comes at once gets a thread each, however many are idle`() async throws {
        let pool = pool(limit: 4)
        defer { pool.close() }
        for _ in 0..<50 {
            let gate = Gate()
            let tasks = (0..<4).map { _ in Task(executorPreference: pool) { gate.block() } }
            defer { gate.open() }
            try await until("four block") { gate.arrived == 4 }
            gate.open()
            for task in tasks { await task.value }
        }
    }

    @Test func `no more threads work than its limit`() async throws {
        let pool = pool(limit: 3)
        let census = Census()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask(executorPreference: pool) {
                    census.enter()
                    Self.compute(for: .milliseconds(3))
                    census.leave()
                }
            }
        }
        #expect(census.most <= 3 && census.ended == 60)
        pool.close()
    }

    @Test func `it runs thousands of short jobs, each once, that hop as they like`() async {
        let pool = pool(limit: 4)
        let census = Census()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5000 {
                group.addTask(executorPreference: pool) {
                    census.enter()
                    await Task.yield()
                    census.leave()
                }
            }
        }
        #expect(census.ended == 5000)
        pool.close()
    }

    @Test func `its idle threads end when it is closed`() async throws {
        weak var closed: HandlerPool?
        do {
            let pool = pool(limit: 8)
            closed = pool
            let gate = Gate()
            for _ in 0..<8 { Task(executorPreference: pool) { gate.block() } }
            try await until("eight block") { gate.arrived == 8 }
            gate.open()
            pool.close()
        }
        // Every thread holds its pool.
        try await until("no thread is left") { closed == nil }
    }

    private static func compute(for duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {}
    }
}
