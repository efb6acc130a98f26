import Redis
import Testing

/// A Redis at its `maxmemory` drains through limits, lanes and fair keys too, and its operators keep their verbs.
@Suite(.serialized) struct FullRedisLimitTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.redis("CONFIG", "SET", "maxmemory", "0")
    }

    private func fill() async throws { try await queue.redis("CONFIG", "SET", "maxmemory", "1") }

    @Test("all that waits behind limits runs to its end", arguments: ["no", "yes"])
    func drains(fair: String) async throws {
        try await queue.config("fair", fair, "concurrency:key", "1", "rate:type:t", "1000/1/1000", "record", "yes")
        for number in 0..<20 { try await queue.enqueue("t", "{}", "key", "k\(number % 3)", "unique", "u\(number)") }
        try await fill()
        #expect(try await queue.refusal("enqueue", ["t", "{}", "unique", "u1", "conflict", "replace"]) == "OOM")
        #expect(try await queue.runAll(5).count == 20)
        try await queue.expectClean()
    }

    @Test func `verbs of operators go on`() async throws {
        for id in ["a", "b", "c", "d", "e", "f"] { try await queue.enqueue("t", "{}", "id", id) }
        let runs = try await queue.turn(3).runs
        _ = try await queue.turn(0, runs.map { $0.ends("dead", "e") })
        try await fill()
        #expect(try await queue.call("pause", "type", "t") == ["paused", "t"])
        #expect(try await queue.claimed() == [])
        #expect(try await queue.call("resume", "type", "t") == ["resumed", "t"])
        #expect(try await queue.call("drain").first == "draining")
        #expect(try await queue.call("move", "d", "priority", "high", "delay", "60000") == ["moved", "d"])
        #expect(try await queue.call("move", "d", "delay", "0") == ["moved", "d"])
        #expect(try await queue.call("depart", "e", "elsewhere").first == "t")
        #expect(try await queue.call("departed", "e", "elsewhere") == ["moved", "e"])
        #expect(try await queue.call("resolve", "a", "by hand") == ["resolved", "a"])
        #expect(try await queue.why("f").hasPrefix("job f is parked"))
        #expect(try await queue.repair() == [])
        #expect(try await queue.call("purge", "0", "state", "dead")[1] == "2")
        #expect(try await queue.claimed() == ["d", "f"])
    }
}
