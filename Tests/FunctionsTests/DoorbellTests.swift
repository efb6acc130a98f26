import Redis
import Testing

/// The bell rings when there is something to claim that was not there before, and not when there is nothing.
@Suite struct DoorbellTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `enqueue rings, also for a delayed job, and a duplicate does not`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        #expect(try await queue.rung())
        try await queue.enqueue("t", "{}", "delay", "5000")
        #expect(try await queue.rung())
        try await queue.call("enqueue", "t", "{}", "id", "a")
        #expect(try await !queue.rung())
        try await queue.call("enqueue_many", "2", "t", "{}")
        #expect(try await queue.rung())
    }

    @Test func `ringing twice is ringing once`() async throws {
        try await queue.fill(2)
        try await queue.fill(2)
        #expect(try await queue.rung())
        #expect(try await !queue.rung())
    }

    @Test func `a turn rings while jobs are left, and not when it took the last`() async throws {
        try await queue.fill(3)
        _ = try await queue.rung()
        _ = try await queue.turn(2)
        #expect(try await queue.rung())
        _ = try await queue.turn(2)
        #expect(try await !queue.rung())
        _ = try await queue.turn(2)
        #expect(try await !queue.rung())
    }

    @Test func `a turn does not ring while the queue is paused or at its bound`() async throws {
        try await queue.config("record", "yes", "maxEvents", "1")
        try await queue.fill(3)
        let run = try await queue.claimOne()
        try await queue.call("pause")
        _ = try await queue.rung()
        _ = try await queue.turn()
        #expect(try await !queue.rung())
        try await queue.call("resume")
        #expect(try await queue.rung())
        #expect(try await queue.turn(1, [run.completes]).flag == "bound")
        #expect(try await !queue.rung())
        let id = try #require(try await queue.redis("XRANGE", queue.key("events"), "-", "+").array?[0].array?[0].string)
        try await queue.call("events", "sink")
        #expect(try await !queue.rung())
        _ = try await queue.reply("recorded", [id])
        #expect(try await queue.rung())
    }

    @Test func `a stale entry does not ring`() async throws {
        let id = try await queue.enqueue()
        try await queue.call("cancel", id)
        _ = try await queue.rung()
        _ = try await queue.turn(0)
        #expect(try await !queue.rung())
    }

    @Test(
        "a run that ends with its job waiting again rings",
        arguments: [
            (["release"], true), (["retry", "0", "e"], true), (["retry", "60000", "e"], false),
            (["unhandled"], false), (["completed", ""], false), (["dead", "e"], false),
        ])
    func endings(verb: [String], rings: Bool) async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne()
        _ = try await queue.rung()
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["OK"])
        #expect(try await queue.rung() == rings)
    }

    @Test func `recovery and a renewal that releases ring, others do not`() async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne()
        _ = try await queue.rung()
        _ = try await queue.recover()
        try await queue.call("renew", "w1", "60000", "last", "0")
        #expect(try await !queue.rung())
        try await queue.age(run, 30_001)
        _ = try await queue.recover()
        #expect(try await queue.rung())
        _ = try await queue.claimOne()
        _ = try await queue.rung()
        try await queue.call("renew", "w1", "0", "last", "0")
        #expect(try await queue.rung())
    }

    @Test func `admission from parked, promotion, requeue and configure ring`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        _ = try await queue.rung()
        try await queue.call("renew", "w1", "60000", "last", "1", "t")
        #expect(try await queue.rung())
        #expect(try await queue.settle(queue.claimOne().ends("retry", "60000", "e")) == ["OK"])
        _ = try await queue.rung()
        try await queue.call("sweep")
        #expect(try await !queue.rung())
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        try await queue.call("sweep")
        #expect(try await queue.rung())
        #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
        _ = try await queue.rung()
        try await queue.call("requeue", id)
        #expect(try await queue.rung())
        try await queue.config("weights", "1:1:1")
        #expect(try await queue.rung())
    }
}
