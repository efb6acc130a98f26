import Redis
import Testing

/// When a job was enqueued is known as long as it lives, and to the record.
@Suite struct EnqueuedAtTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test(
        "a run's end does not change it",
        arguments: [
            ["release"], ["retry", "10", "e"], ["snooze", "10"], ["unhandled"], ["dead", "e"],
        ], ["no", "yes"])
    func ends(verb: [String], fair: String) async throws {
        try await queue.config("fair", fair)
        let start = try await queue.clock()
        try await queue.enqueue("t", "{}", "id", "a")
        try await queue.pass(100)
        let run = try await queue.claimOne()
        #expect(enqueuedAt(run.header) == start)
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["OK"])
        #expect(try await enqueuedAt(queue.header("a")) == start)
        #expect(try await enqueuedAt(Run.fields(queue.events().first?["header"] ?? "")) == start)
        if verb[0] == "dead" {
            #expect(try await queue.header("a")["entry"] == nil)
            try await queue.call("requeue", "a")
        }
        try await queue.pass(1_000)
        try await queue.call("renew", "w1", "99999", "last", "1", "t")
        let again = try await queue.claimOne()
        #expect(enqueuedAt(again.header) == start)
        try await queue.age(again, 30_001)
        _ = try await queue.recover()
        #expect(try await enqueuedAt(queue.claimOne().header) == start)
    }

    @Test("neither does a wait, a move, or a limit", arguments: ["delay", "move", "limit", "fair"])
    func waits(way: String) async throws {
        let start = try await queue.clock()
        if way == "fair" { try await queue.config("fair", "yes") }
        if way == "limit" { try await queue.config("rate:key", "1/1000") }
        let delay = way == "delay" ? ["delay", "500"] : []
        for id in ["first", "a"] { _ = try await queue.reply("enqueue", ["t", "{}", "id", id, "key", "k"] + delay) }
        try await queue.pass(500)
        if way == "move" { try await queue.call("move", "a", "priority", "high") }
        if way == "limit" {
            #expect(try await queue.claimed() == ["first"])
            #expect(try await enqueuedAt(queue.header("a")) == start)
            try await queue.pass(1_000)
        }
        let run = try #require(try await queue.turn().runs.first { $0.id == "a" })
        #expect(enqueuedAt(run.header) == start)
    }

    @Test(
        "and so is since when it could have run", arguments: ["no", "yes"], ["enqueued", "delayed", "moved", "limited"])
    func ready(fair: String, way: String) async throws {
        try await queue.config("fair", fair)
        let start = try await queue.clock()
        if way == "limited" { try await queue.config("rate:key", "1/1000") }
        let delay = way == "delayed" ? ["delay", "500"] : []
        for id in ["first", "a"] { _ = try await queue.reply("enqueue", ["t", "{}", "id", id, "key", "k"] + delay) }
        if way == "limited" { #expect(try await queue.claimed() == ["first"]) }
        try await queue.pass(500)
        if way == "moved" { try await queue.call("move", "a", "priority", "high") }
        try await queue.call("sweep")
        try await queue.pass(1_000)
        let run = try #require(try await queue.turn().runs.first { $0.id == "a" })
        let since = run.header["runAt"] ?? run.entry.split(separator: "-").first.map(String.init)
        // `returned` is entered at the claim itself: then only the header knows.
        let isLeftOut = run.header["runAt"] == nil && run.level == "returned"
        #expect((isLeftOut ? nil : since) == "\(start + (["delayed", "moved"].contains(way) ? 500 : 0))")
    }

    /// A header leaves the time out while its entry's is the same.
    private func enqueuedAt(_ header: [String: String]) -> Int? {
        header["enqueuedAt"].flatMap(Int.init) ?? header["entry"]?.split(separator: "-").first.flatMap { Int($0) }
    }
}
