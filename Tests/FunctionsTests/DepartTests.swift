import Redis
import Testing

/// A job goes to another queue in three steps, each of which may be lost and repeated.
@Suite struct DepartTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue
    private let target: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        target = try await Self.lab.queue()
        try await target.setClock(queue.clock())
    }

    @Test(
        "what a job was enqueued with goes along",
        arguments: [
            [], ["priority", "critical"], ["priority", "low", "key", "k", "attempts", "3", "timeout", "5000"],
            ["headers", "{\"a\": [] }", "source", "s", "traceparent", "00-1"],
            ["unique", "u", "ttl", "5000"], ["unique", "u", "scope", "until-started"],
            ["unique", "u", "scope", "until-finished"], ["unique", "u", "singleton", "skip"],
            ["delay", "60000"], ["deadline", "5000"], ["delay", "60000", "deadline", "5000", "late", "drop"],
        ])
    func options(options: [String]) async throws {
        let payload = String(repeating: "p", count: options.count * 500)
        _ = try await queue.reply("enqueue", ["push", payload, "id", "a"] + options)
        let before = try await (queue.header("a"), queue.job("a"))
        try await move("a")
        #expect(try await queue.job("a") == nil)
        let after = try await (target.header("a"), target.job("a"))
        for name in Set(before.0.keys).union(after.0.keys).subtracting(["entry", "origin"]) {
            #expect(after.0[name] == before.0[name], "\(name)")
        }
        let born = before.0["enqueuedAt"] ?? before.0["entry"]?.split(separator: "-").first.map(String.init) ?? ""
        #expect(after.0["origin"] == "\(queue.name):\(born)")
        for name in ["state", "payload", "due"] { #expect(after.1?[name] == before.1?[name], "\(name)") }
        #expect(try await queue.kinds() == ["cancelled"])
        #expect(try await queue.events().last?["error"] == "moved to queue \(target.name)")
        try await queue.expectClean()
        try await target.expectClean()
    }

    @Test("it goes from wherever it waits", arguments: ["waiting", "retried", "parked", "unhandled", "fair", "paused"])
    func states(state: String) async throws {
        if state == "fair" { try await queue.config("fair", "yes") }
        if state == "parked" { try await queue.config("concurrency:key", "1") }
        if state == "paused" { try await queue.call("pause", "type", "t") }
        try await queue.enqueue("t", "{}", "key", "k", "id", "first")
        try await queue.enqueue("t", "{}", "key", "k", "id", "a")
        let runs = state == "waiting" || state == "fair" ? [] : try await queue.turn().runs
        if state == "retried" { _ = try await queue.turn(0, runs.map { $0.ends("retry", "60000", "e") }) }
        if state == "unhandled" { _ = try await queue.turn(0, runs.map { $0.ends("unhandled") }) }
        try await move("a")
        #expect(try await target.state("a") == (state == "retried" ? "delayed" : "waiting"))
        #expect(try await queue.integer("HLEN", queue.key("jobs")) == 1)
        try await queue.expectClean()
    }

    @Test func `the first step may be repeated, and tells the same but for the time that has passed`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "delay", "60000", "deadline", "5000", "unique", "u")
        let first = try await depart("a")
        #expect(first.contains("60000") && first.contains("5000"))
        try await queue.pass(1_000)
        #expect(try await depart("a") == first.map { $0 == "60000" ? "59000" : $0 })
        try await queue.pass(60_000)
        let late = try await depart("a")
        #expect(!late.contains("delay") && late.contains("4000"))
        try await queue.expectClean()
    }

    @Test func `the second may be repeated, and the third answers that it was done`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        let words = try await depart("a")
        #expect(try await target.reply("enqueue", words).strings == ["queued", "a"])
        #expect(try await target.reply("enqueue", words).strings == ["duplicate", "a"])
        #expect(try await queue.call("departed", "a", target.name) == ["moved", "a"])
        #expect(try await queue.refusal("departed", ["a", target.name]) == "UNKNOWN")
        #expect(try await target.claimed() == ["a"])
        #expect(try await queue.claimed() == [])
    }

    @Test func `a job on its way is claimed by nobody and let in by nothing, until it is moved back`() async throws {
        try await queue.config("concurrency:type:t", "1")
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u", "delay", "60000")
        _ = try await depart("a")
        try await queue.pass(61_000)
        try await queue.call("sweep")
        try await queue.call("renew", "w1", "99999", "last", "2", "t", target.name)
        try await queue.config("concurrency:type:t", "2")
        #expect(try await queue.claimed() == [])
        #expect(try await queue.state("a") == "parked")
        #expect(try await queue.why("a").contains("is on its way to queue \(target.name)"))
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "a"])
        #expect(try await queue.backlog()["stopped:moving:\(target.name)"] == "1")
        try await queue.expectClean()
        #expect(try await queue.call("move", "a", "delay", "0") == ["moved", "a"])
        #expect(try await queue.claimed() == ["a"])
        #expect(try await queue.refusal("departed", ["a", target.name]) == "INVALID")
        try await queue.expectClean()
    }

    @Test func `a delayed job that is moved back without a time keeps its own`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "delay", "60000")
        _ = try await depart("a")
        try await queue.pass(1_000)
        try await queue.call("move", "a", "priority", "high")
        #expect(try await queue.turn().next == 59_000)
        try await queue.pass(59_000)
        #expect(try await queue.claimOne().level == "high")
    }

    @Test func `it may set out for another queue instead, or be cancelled`() async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id) }
        for id in ["a", "b"] { _ = try await depart(id) }
        try await queue.call("depart", "a", "elsewhere")
        #expect(try await queue.refusal("departed", ["a", target.name]) == "INVALID")
        #expect(try await queue.call("departed", "a", "elsewhere") == ["moved", "a"])
        #expect(try await queue.call("cancel", "b") == ["cancelled", "b"])
        try await queue.expectClean()
    }

    @Test("only another queue is a target", arguments: ["", "a b", "a{b}", String(repeating: "q", count: 129)])
    func targets(name: String) async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        #expect(try await queue.refusal("depart", ["a", name]) == "INVALID")
        #expect(try await queue.refusal("depart", ["a", queue.name]) == "INVALID")
        #expect(try await queue.refusal("depart", ["a"]) == "INVALID")
        #expect(try await queue.refusal("departed", ["a", name]) == "INVALID")
        #expect(try await queue.refusal("departed", ["a"]) == "INVALID")
        #expect(try await queue.claimed() == ["a"])
    }

    private func depart(_ id: String) async throws -> [String] { try await queue.call("depart", id, target.name) }

    private func move(_ id: String) async throws {
        let words = try await depart(id)
        #expect(try await target.reply("enqueue", words).strings == ["queued", id])
        #expect(try await queue.call("departed", id, target.name) == ["moved", id])
    }
}
