import Redis
import Testing

@Suite struct RequeueTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a dead letter gets a new life with all its attempts, in its level`() async throws {
        let payload = String(repeating: "p", count: 2_000)
        let id = try await queue.enqueue("t", payload, "priority", "high", "attempts", "3", "unique", "u")
        let first = try await queue.claimOne()
        #expect(try await queue.settle(first.ends("dead", "no")) == ["OK"])
        #expect(try await queue.call("requeue", id) == ["queued", id])
        #expect(try await queue.state(id) == "waiting")
        #expect(try await queue.integer("ZCARD", queue.key("dead")) == 0)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", id])
        let second = try await queue.claimOne()
        #expect(second.id == id && second.level == "high" && second.entry != first.entry)
        #expect(second.header["attempt"] == nil && second.header["maxAttempts"] == "3")
        #expect(second.payload.readableBytes == 2_000)
        #expect(try await queue.settle(first.completes) == ["LOST"])
        #expect(try await queue.settle(second.completes) == ["OK"])
        #expect(try await queue.kinds() == ["dead", "completed"])
    }

    @Test func `crashes are forgotten too`() async throws {
        let id = try await queue.enqueue()
        for _ in 0..<3 {
            try await queue.age(queue.claimOne(), 30_001)
            _ = try await queue.recover()
        }
        #expect(try await queue.state(id) == "dead")
        try await queue.call("requeue", id)
        #expect(try await queue.claimOne().header["crashes"] == nil)
    }

    @Test func `only a dead letter can be requeued`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.refusal("requeue", [id]) == "INVALID")
        _ = try await queue.claimOne()
        #expect(try await queue.refusal("requeue", [id]) == "INVALID")
        #expect(try await queue.refusal("requeue", ["nobody"]) == "UNKNOWN")
        #expect(try await queue.waiting() == 0)
    }
}
