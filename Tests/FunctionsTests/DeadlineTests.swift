import Redis
import Testing

/// A job that is not started in time is dropped or buried.
@Suite struct DeadlineTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("a job that waited too long is not started any more", arguments: ["drop", "bury"], ["", "fair", "parked"])
    func late(late: String, place: String) async throws {
        try await place == "fair" ? queue.config("fair", "yes") : queue.config("concurrency:key", "1")
        if place == "parked" {
            try await queue.enqueue("t", "{}", "key", "k", "id", "before")
            _ = try await queue.claimOne()
        }
        let payload = String(repeating: "p", count: 2_000)
        try await queue.enqueue("t", payload, "id", "a", "key", "k", "deadline", "1000", "late", late, "unique", "u")
        if place == "parked" {
            #expect(try await queue.claimed() == [])
            try await queue.config("concurrency:key", "2")
        }
        try await queue.enqueue("t", "{}", "id", "next", "key", "l")
        try await queue.pass(1_001)
        let turn = try await queue.turn(1)
        #expect(turn.runs.map(\.id) == ["next"])
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == (late == "drop" ? "cancelled" : "dead") && event["id"] == "a")
        #expect(event["error"] == "not started in time, 1 ms late" && event["run"] == nil)
        #expect(try await queue.state("a") == (late == "drop" ? nil : "dead"))
        #expect(try await queue.header("a")["attempt"] == nil)
        #expect(
            try await queue.integer("HEXISTS", queue.key("slots"), "concurrency:key:k") == (place == "parked" ? 1 : 0))
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
        try await queue.expectClean()
    }

    @Test func `at the deadline itself it is started`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "deadline", "1000")
        try await queue.pass(1_000)
        let run = try await queue.claimOne()
        #expect(run.id == "a" && run.header["deadline"] == nil)
    }

    @Test(
        "once started, a job may start again at any time",
        arguments: [
            ["retry", "60000", "e"], ["snooze", "60000"], ["release"], ["unhandled"],
        ])
    func again(verb: [String]) async throws {
        try await queue.enqueue("t", "{}", "id", "a", "deadline", "1000", "late", "drop")
        #expect(try await queue.settle(queue.claimOne().name + ["1", "1"] + verb) == ["OK"])
        try await queue.pass(60_000)
        try await queue.call("renew", "w1", "99999", "last", "1", "t")
        #expect(try await queue.claimed() == ["a"])
    }

    @Test func `the time counts from when a delayed job is due`() async throws {
        try await queue.enqueue("t", "{}", "id", "delay", "delay", "60000", "deadline", "1000")
        try await queue.enqueue("t", "{}", "id", "at", "at", "\(queue.clock() + 60_000)", "deadline", "1000")
        try await queue.enqueue("t", "{}", "id", "past", "at", "1000", "deadline", "1000")
        #expect(try await queue.claimed() == ["past"])
        try await queue.pass(61_000)
        #expect(try await Set(queue.claimed()) == ["delay", "at"])
    }

    @Test func `a job that is moved to another time has its deadline from that time`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "deadline", "1000")
        try await queue.call("move", "a", "delay", "60000")
        try await queue.pass(60_500)
        #expect(try await queue.claimed() == ["a"])
        try await queue.enqueue("t", "{}", "id", "b", "deadline", "1000", "delay", "60000")
        try await queue.call("move", "b", "delay", "0")
        try await queue.pass(1_001)
        #expect(try await queue.claimed() == [])
        #expect(try await queue.state("b") == "dead")
    }

    @Test func `a requeued letter has no deadline any more`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "deadline", "1000")
        try await queue.pass(1_001)
        #expect(try await queue.claimed() == [])
        #expect(try await queue.call("requeue", "a") == ["queued", "a"])
        try await queue.pass(1_001)
        #expect(try await queue.claimed() == ["a"])
    }

    @Test func `a late job costs no rate`() async throws {
        try await queue.config("rate:type:t", "1/60000")
        try await queue.enqueue("t", "{}", "id", "late", "deadline", "1000")
        try await queue.pass(1_001)
        try await queue.enqueue("t", "{}", "id", "next")
        #expect(try await queue.claimed() == ["next"])
    }
}
