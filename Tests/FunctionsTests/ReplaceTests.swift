import NIOCore
import Redis
import Testing

/// A job that waits takes the newest payload: `conflict replace`, and with a delay that is pushed back, debounce.
@Suite struct ReplaceTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `the waiting job takes the newest payload and keeps its id and its place`() async throws {
        try await first("1")
        try await queue.enqueue("t", "other", "id", "next")
        _ = try await queue.rung()
        #expect(try await replace("2", "headers", "{\"a\":1}", "source", "s", "traceparent", "p") == "replaced first")
        #expect(try await queue.rung())
        #expect(try await queue.stat("replaced") == 1)
        #expect(try await queue.stat("accepted") == 2)
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["first", "next"])
        #expect(runs[0].payload == ByteBuffer(string: "2"))
        let header = runs[0].header
        #expect(header["headers"] == "{\"a\":1}" && header["source"] == "s" && header["traceparent"] == "p")
    }

    @Test(
        "payloads large and small replace each other", arguments: [3, 1_024, 1_025, 5_000], [0, 1_024, 1_025, 9_000])
    func sizes(from: Int, to: Int) async throws {
        try await first(String(repeating: "a", count: from))
        #expect(try await replace(String(repeating: "b", count: to)) == "replaced first")
        #expect(try await queue.stat("bytes") == to)
        #expect(try await queue.integer("HLEN", queue.key("bodies")) == (to > 1_024 ? 1 : 0))
        try await queue.expectClean()
        let run = try await queue.claimOne()
        #expect(String(buffer: run.payload) == String(repeating: "b", count: to))
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.stat("bytes") == 0)
    }

    @Test("it does so wherever it waits", arguments: ["waiting", "delayed", "retried", "parked", "unhandled", "fair"])
    func places(place: String) async throws {
        if place == "fair" { try await queue.config("fair", "yes") }
        if place == "parked" {
            try await queue.config("concurrency:type:t", "1")
            try await queue.enqueue("t", "{}", "id", "before")
        }
        let words = place == "delayed" ? ["delay", "1000"] : []
        let job = ["t", "1", "id", "first", "unique", "u", "conflict", "replace", "scope", "until-finished"]
        _ = try await queue.reply("enqueue", job + words)
        let claimed = place == "waiting" || place == "fair" ? [] : try await queue.turn().runs
        if place == "retried" { _ = try await queue.settle(claimed[0].ends("retry", "1000", "e")) }
        if place == "unhandled" { _ = try await queue.settle(claimed[0].ends("unhandled")) }
        #expect(try await replace("2") == "replaced first")
        #expect(try await queue.job("first")?["payload"] == "2")
        let states = ["retried": "delayed", "unhandled": "parked", "fair": "waiting"]
        #expect(try await queue.state("first") == states[place] ?? place)
        try await queue.expectClean()
    }

    @Test func `once it runs the next one is a job of its own, or with until-finished a duplicate`() async throws {
        try await first("1")
        let run = try await queue.claimOne()
        #expect(try await replace("2").hasPrefix("queued "))
        #expect(try await queue.job("first")?["payload"] == "1")
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        try await queue.enqueue("t", "1", "id", "a", "unique", "v", "scope", "until-finished")
        _ = try await queue.claimOne()
        #expect(
            try await queue.call("enqueue", "t", "2", "unique", "v", "conflict", "replace") == ["duplicate", "a"])
        #expect(try await queue.job("a")?["payload"] == "1")
    }

    @Test func `a job of another type is refused and replaces nothing`() async throws {
        try await first("1")
        let words = ["other", "2", "unique", "u", "conflict", "replace"]
        #expect(try await queue.refusal("enqueue", words) == "INVALID")
        #expect(try await queue.job("first")?["payload"] == "1")
        try await queue.expectClean()
    }

    @Test func `a job on its way to another queue is not replaced, for its words were told`() async throws {
        try await first("1")
        try await queue.call("depart", "first", "elsewhere")
        #expect(try await replace("2") == "duplicate first")
        #expect(try await queue.job("first")?["payload"] == "1")
    }

    @Test func `debounce pushes the delay back with each call, never beyond max-wait of the first`() async throws {
        let start = try await queue.clock()
        try await first("0", "delay", "1000", "max-wait", "2500")
        for (number, due) in [(1, 1_800), (2, 2_500), (3, 2_500)] {
            try await queue.pass(800)
            // What a later call says of max-wait does not count.
            #expect(try await replace("\(number)", "delay", "1000", "max-wait", "90000") == "replaced first")
            #expect(try await queue.job("first")?["due"] == "\(start + due)")
            #expect(try await queue.header("first")["runAt"] == "\(start + due)")
        }
        #expect(try await queue.turn().next == 100)
        try await queue.pass(100)
        let run = try await queue.claimOne()
        #expect(String(buffer: run.payload) == "3")
        #expect(try await replace("4", "delay", "1000", "max-wait", "2500").hasPrefix("queued "))
    }

    @Test func `the first delay is not beyond max-wait either, nor a time that is given`() async throws {
        let start = try await queue.clock()
        try await first("0", "delay", "5000", "max-wait", "1200")
        #expect(try await queue.job("first")?["due"] == "\(start + 1_200)")
        let words = ["t", "0", "id", "b", "unique", "v", "conflict", "replace", "max-wait", "1200"]
        _ = try await queue.reply("enqueue", words + ["at", "\(start + 5_000)"])
        #expect(try await queue.job("b")?["due"] == "\(start + 1_200)")
    }

    @Test func `a replacement may keep its key for a window`() async throws {
        try await queue.enqueue(
            "t", "1", "id", "a", "unique", "v", "conflict", "replace", "scope", "window", "ttl", "5000")
        #expect(try await queue.call("enqueue", "t", "2", "unique", "v", "conflict", "replace") == ["replaced", "a"])
        let run = try await queue.claimOne()
        #expect(String(buffer: run.payload) == "2")
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "3", "unique", "v", "conflict", "replace") == ["duplicate", "a"])
    }

    @Test("a done job's key means no other life of its id", arguments: ["replace", "cancel"], ["waiting", "dead"])
    func otherLife(conflict: String, state: String) async throws {
        try await queue.enqueue("t", "1", "id", "a", "unique", "u")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        try await queue.enqueue("t", "2", "id", "a")
        if state == "dead" { #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"]) }
        #expect(try await queue.call("enqueue", "t", "3", "unique", "u", "conflict", conflict) == ["duplicate", "a"])
        #expect(try await queue.state("a") == state)
        #expect(try await queue.job("a")?["payload"] == "2")
        try await queue.expectClean()
    }

    @Test func `max-wait given later counts from the first call`() async throws {
        let start = try await queue.clock()
        try await first("0", "delay", "1000")
        try await queue.pass(900)
        #expect(try await replace("1", "delay", "1000", "max-wait", "1200") == "replaced first")
        #expect(try await queue.job("first")?["due"] == "\(start + 1_200)")
    }

    @Test func `without max-wait it is pushed back for ever, and without a delay not at all`() async throws {
        let start = try await queue.clock()
        try await first("0", "delay", "1000")
        for _ in 0..<50 {
            try await queue.pass(999)
            #expect(try await replace("1", "delay", "1000") == "replaced first")
        }
        #expect(try await queue.job("first")?["due"] == "\(start + 50 * 999 + 1_000)")
        #expect(try await replace("2") == "replaced first")
        #expect(try await queue.job("first")?["due"] == "\(start + 50 * 999 + 1_000)")
    }

    @Test func `a job that waits for its turn or for its next attempt is not pushed back`() async throws {
        try await first("0")
        #expect(try await replace("1", "delay", "60000") == "replaced first")
        #expect(try await queue.state("first") == "waiting")
        try await queue.enqueue("t", "0", "id", "tried", "unique", "v", "scope", "until-finished")
        let runs = try await queue.turn().runs
        #expect(try await queue.settle(runs[1].ends("retry", "1000", "e")) == ["OK"])
        let due = try await queue.job("tried")?["due"]
        let words = ["t", "1", "unique", "v", "conflict", "replace", "scope", "until-finished", "delay", "60000"]
        #expect(try await queue.reply("enqueue", words).strings == ["replaced", "tried"])
        #expect(try await queue.job("tried")?["due"] == due)
    }

    @Test func `nor is a job that was snoozed`() async throws {
        try await queue.enqueue("t", "0", "id", "a", "unique", "v", "scope", "until-finished")
        #expect(try await queue.settle(queue.claimOne().ends("snooze", "1000")) == ["OK"])
        let due = try await queue.job("a")?["due"]
        let words = ["t", "1", "unique", "v", "conflict", "replace", "scope", "until-finished", "delay", "60000"]
        #expect(try await queue.reply("enqueue", words).strings == ["replaced", "a"])
        #expect(try await queue.job("a")?["due"] == due)
    }

    @Test func `a start deadline moves with the delay`() async throws {
        try await first("0", "delay", "1000", "deadline", "100")
        try await queue.pass(900)
        #expect(try await replace("1", "delay", "1000") == "replaced first")
        try await queue.pass(1_050)
        #expect(try await queue.claimed() == ["first"])
    }

    private func first(_ payload: String, _ options: String...) async throws {
        let words = ["t", payload, "id", "first", "unique", "u", "conflict", "replace"] + options
        #expect(try await queue.reply("enqueue", words).strings == ["queued", "first"])
    }

    private func replace(_ payload: String, _ options: String...) async throws -> String {
        let words = ["t", payload, "unique", "u", "conflict", "replace"] + options
        return try #require(try await queue.reply("enqueue", words).strings).joined(separator: " ")
    }
}
