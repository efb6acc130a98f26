import Redis
import Testing

/// Jobs whose type no worker runs.
@Suite struct ParkedTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `an unhandled job waits under its type, charged with nothing`() async throws {
        let id = try await queue.enqueue("push")
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        #expect(try await queue.state(id) == "parked")
        #expect(try await queue.turn().runs.isEmpty)
        #expect(try await queue.length("normal") == 0)
        let backlog = try await queue.backlog()
        #expect(backlog["parked"] == "1" && backlog["parked:push"] == "1")
        #expect(try await queue.header(id)["attempt"] == nil)
        #expect(try await queue.kinds() == ["unhandled"])
    }

    @Test func `a renewal lets in the types that its worker runs, and no others`() async throws {
        for type in ["push", "pus", "push2", "issue"] { try await queue.enqueue(type, "{}", "id", type) }
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.map { $0.ends("unhandled") })
        let renewal = try await queue.call("renew", "w2", "10000", "last", "2", "push", "none")
        #expect(renewal[3] == "1")
        #expect(try await queue.turn().runs.map(\.id) == ["push"])
        #expect(try await queue.backlog()["parked"] == "3")
    }

    @Test func `they come back in their level, the most urgent and the oldest first`() async throws {
        for level in ["low", "critical", "normal"] {
            for number in 0..<2 { try await queue.enqueue("t", "{}", "priority", level, "id", "\(level)\(number)") }
        }
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.shuffled().map { $0.ends("unhandled") })
        try await queue.call("renew", "w1", "10000", "last", "1", "t")
        let back = try await queue.turn().runs
        #expect(
            Set(back.map { "\($0.level) \($0.id.dropLast())" }) == ["low low", "critical critical", "normal normal"])
        for level in ["low", "critical", "normal"] {
            #expect(back.filter { $0.level == level }.map(\.id) == ["\(level)0", "\(level)1"])
        }
    }

    @Test func `a hundred are let in a call, and the reply says that there is more`() async throws {
        for _ in 0..<2 {
            try await queue.fill(75)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map { $0.ends("unhandled") })
        }
        let first = try await queue.call("renew", "w1", "10000", "last", "1", "t")
        #expect(first[3] == "100" && first[4] == "more")
        let second = try await queue.call("renew", "w1", "10000", "last", "1", "t")
        #expect(second[3] == "50" && second[4] == "done")
        #expect(try await queue.waiting() == 150)
    }

    @Test func `a returned job that nobody runs keeps its level when it is let in`() async throws {
        try await queue.enqueue("t", "{}", "priority", "high")
        #expect(try await queue.settle(queue.claimOne().ends("release")) == ["OK"])
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        try await queue.call("renew", "w1", "10000", "last", "1", "t")
        #expect(try await queue.claimOne().level == "high")
    }
}
