import Redis
import Testing

/// What is more urgent is claimed first, however it came, and a job's level is its own for life.
@Suite struct LevelTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let origins = ["enqueued", "delayed", "retried", "snoozed", "parked", "unhandled", "moved", "requeued"]

    @Test(
        "a job enqueued at a higher level overtakes all that wait below it, however they came there",
        arguments: origins, ["weighted", "strict"])
    func overtaken(origin: String, policy: String) async throws {
        try await queue.config("policy", policy)
        let below = try await wait(origin, level: "normal")
        try await queue.enqueue("urgent", "{}", "priority", "critical", "id", "urgent")
        let runs = try await queue.turn(4).runs
        #expect(runs.map(\.id) == ["urgent"] + below)
    }

    @Test("it is claimed before what waits, however it comes there itself", arguments: origins, ["weighted", "strict"])
    func overtakes(origin: String, policy: String) async throws {
        try await queue.config("policy", policy)
        try await queue.fill(20, "priority", "high")
        let above = try await wait(origin, level: "critical")
        #expect(try await queue.claimed(3) == above)
    }

    @Test("a job keeps its level through every change of its place", arguments: ["critical", "high", "normal", "low"])
    func kept(level: String) async throws {
        try await queue.config("concurrency:key", "1")
        try await queue.enqueue("t", "{}", "priority", level, "id", "a", "key", "k", "delay", "1000")
        func expectLevel(_ place: Comment) async throws {
            let header = try await queue.header("a")
            #expect(header["priority"] ?? "normal" == level, place)
        }
        try await expectLevel("delayed")
        try await queue.makeDue()
        var run = try await queue.claimOne()
        #expect(run.level == level)
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        run = try await queue.claimOne()
        #expect(run.level == level, "retried")
        #expect(try await queue.settle(run.ends("snooze", "0")) == ["OK"])
        run = try await queue.claimOne()
        #expect(run.level == level, "snoozed")
        #expect(try await queue.settle(run.ends("release")) == ["OK"])
        try await queue.age(queue.claimOne(), 30_001)
        _ = try await queue.recover()
        try await expectLevel("released and recovered")
        run = try await queue.claimOne()
        #expect(try await queue.settle(run.ends("unhandled")) == ["OK"])
        try await expectLevel("parked")
        try await queue.call("move", "a", "delay", "5000")
        try await queue.call("move", "a", "delay", "0")
        run = try await queue.claimOne()
        #expect(run.level == level, "moved")
        #expect(try await queue.settle(run.ends("dead", "e")) == ["OK"])
        try await queue.call("requeue", "a")
        #expect(try await queue.claimOne().level == level, "requeued")
        try await queue.enqueue("t", "{}", "priority", level, "id", "b", "key", "k")
        #expect(try await queue.claimed() == [])
        #expect(try await queue.header("b")["priority"] ?? "normal" == level)
        #expect(
            try await queue.call("depart", "b", "elsewhere").joined(separator: " ").contains("priority")
                == (level != "normal"))
    }

    @Test func `strict hands out no lower level while a higher one waits`() async throws {
        try await queue.config("policy", "strict")
        for level in ["low", "normal", "high", "critical"] { try await queue.fill(7, "priority", level) }
        var levels: [String] = []
        for size in [1, 3, 10, 14] { levels += try await queue.turn(size).runs.map(\.level) }
        #expect(levels == ["critical", "high", "normal", "low"].flatMap { [String](repeating: $0, count: 7) })
    }

    @Test func `strict holds for what a limit stopped too`() async throws {
        try await queue.config("policy", "strict", "concurrency:type:t", "1")
        for level in ["low", "normal", "high"] { try await queue.enqueue("t", "{}", "priority", level, "id", level) }
        var run = try await queue.claimOne()
        #expect(run.id == "high")
        for next in ["normal", "low"] {
            run = try #require(try await queue.turn(5, [run.completes]).runs.first)
            #expect(run.id == next)
        }
    }

    /// Makes three jobs of a level wait that came in a certain way, the first of them before the others; their ids in order.
    private func wait(_ origin: String, level: String) async throws -> [String] {
        let ids = ["w0", "w1", "w2"]
        let needsRun = ["retried", "snoozed", "unhandled", "requeued"].contains(origin)
        for id in ids {
            let delay = origin == "delayed" ? ["delay", "1000"] : []
            let start = origin == "moved" ? "low" : level
            _ = try await queue.reply("enqueue", ["t", "{}", "priority", start, "id", id, "key", "k"] + delay)
            if origin == "moved" { try await queue.call("move", id, "priority", level) }
        }
        if origin == "parked" {
            try await queue.call("pause", "type", "t")
            #expect(try await queue.claimed() == [])
            try await queue.call("resume", "type", "t")
        }
        if needsRun {
            let runs = try await queue.turn(3).runs
            #expect(runs.map(\.id) == ids)
            let verbs = [
                "retried": ["retry", "1000", "e"], "snoozed": ["snooze", "1000"], "unhandled": ["unhandled"],
                "requeued": ["dead", "e"],
            ]
            _ = try await queue.turn(0, runs.map { $0.name + ["1", "1"] + (verbs[origin] ?? []) })
            if origin == "requeued" { for id in ids { try await queue.call("requeue", id) } }
        }
        try await queue.makeDue()
        try await queue.call("sweep")
        try await queue.call("renew", "w9", "99999", "last", "1", "t")
        return ids
    }
}
