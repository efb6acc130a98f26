import Redis
import Testing

/// The server's clock goes back, as clocks do.
@Suite struct ClockTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue
    private static let hour = 3_600_000

    init() async throws { queue = try await Self.lab.queue() }

    @Test("what waits for a rate starts in its time all the same", arguments: RateTests.limits)
    func rate(limit: String) async throws {
        try await queue.config(limit, "1/1000")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        #expect(try await queue.claimed() == ["a"])
        try await queue.pass(-Self.hour)
        // A worker comes back with the sweep's bell.
        try await queue.call("sweep")
        #expect(try await queue.claimed() == [])
        try await queue.pass(1_000)
        #expect(try await queue.claimed() == ["b"])
        try await queue.expectClean()
    }

    @Test func `a unique key that was not freed is forgotten after a day`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u", "ttl", "100")
        let run = try await queue.claimOne()
        try await queue.pass(500)
        try await queue.call("sweep")
        try await queue.pass(-2_000)
        #expect(try await queue.settle(run.completes) == ["OK"])
        try await queue.pass(86_400_000 + 4_000)
        try await queue.call("sweep")
        #expect(try await queue.integer("EXISTS", queue.key("unique"), queue.key("unique:expiry")) == 0)
    }

    @Test("a job that is moved to another level is moved now", arguments: ["waiting", "parked", "released"])
    func move(state: String) async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id, "delay", "10") }
        try await queue.pass(10)
        if state != "waiting" { #expect(try await queue.claimed() == ["a"]) }
        if state == "released" { #expect(try await queue.settle(queue.claimAgain("a").ends("release")) == ["OK"]) }
        try await queue.call("sweep")
        try await queue.pass(-Self.hour)
        let id = state == "parked" ? "b" : "a"
        try await queue.call("move", id, "priority", "high")
        #expect(try await queue.state(id) == "waiting")
        try await queue.config("concurrency:key", "0")
        #expect(try await queue.claimed().contains(id))
    }

    @Test func `jobs go on coming, running, ending, and being recovered`() async throws {
        try await queue.fill(5)
        let runs = try await queue.turn(2).runs
        try await queue.pass(-Self.hour)
        try await queue.fill(5)
        try await queue.enqueue("t", "{}", "delay", "1000")
        #expect(try await queue.settle(runs[0].ends("retry", "500", "e")) == ["OK"])
        try await queue.age(runs[1], 30_001)
        #expect(try await queue.recover()[0] == "1")
        #expect(try await queue.runAll(3).count == 9)
        #expect(try await queue.turn().next == 500)
        try await queue.pass(1_000)
        #expect(try await queue.runAll().count == 2)
        try await queue.expectClean()
    }
}
