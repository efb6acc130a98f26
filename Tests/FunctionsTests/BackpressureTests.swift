import Redis
import Testing

/// When a queue takes no more jobs.
@Suite struct BackpressureTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a queue at its maximum of bytes answers FULL until jobs end`() async throws {
        try await queue.config("maxBytes", "3000")
        try await queue.enqueue("t", String(repeating: "p", count: 2_000), "id", "a")
        try await queue.enqueue("t", String(repeating: "p", count: 1_000), "id", "b", "delay", "60000")
        #expect(try await queue.refusal("enqueue", ["t", "1", "id", "c"]) == "FULL")
        #expect(try await queue.call("enqueue", "t", "", "id", "empty") == ["queued", "empty"])
        #expect(try await queue.job("c") == nil)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.refusal("enqueue", ["t", String(repeating: "p", count: 2_001)]) == "FULL")
        #expect(try await queue.refusal("enqueue", ["t", String(repeating: "p", count: 2_000)]) == nil)
        try await queue.expectClean()
    }

    @Test func `a payload that never fits is not told to come again`() async throws {
        try await queue.config("maxBytes", "3000")
        let text =
            "queue \(queue.name) takes 3000 bytes of payload in all, its maxBytes, and this one has 3001; raise maxBytes, or send less"
        await #expect(throws: RedisError.server(code: "FULL", message: text)) {
            try await queue.reply("enqueue", ["t", String(repeating: "p", count: 3_001)])
        }
    }

    @Test(
        "bytes are counted until a job has ended, whatever its end",
        arguments: [
            ["completed", "r"], ["skipped", "r"], ["dead", "e"], ["cancelled"], ["retry", "0", "e"], ["release"],
            ["unhandled"], ["snooze", "0"],
        ], [3, 3_000])
    func bytes(verb: [String], size: Int) async throws {
        let id = try await queue.enqueue("t", String(repeating: "p", count: size))
        #expect(try await queue.stat("bytes") == size)
        #expect(try await queue.settle(queue.claimOne().name + ["1", "1"] + verb) == ["OK"])
        let hasEnded = ["completed", "skipped", "dead", "cancelled"].contains(verb[0])
        #expect(try await queue.stat("bytes") == (hasEnded ? 0 : size))
        if verb[0] == "dead" {
            try await queue.call("requeue", id)
            #expect(try await queue.stat("bytes") == size)
        }
        try await queue.expectClean()
    }

    @Test(
        "only jobs of the level refuse and below are refused", arguments: ["critical", "high", "normal", "low"],
        [
            ["maxLength", "1"], ["maxBytes", "1"],
        ])
    func levels(refuse: String, limit: [String]) async throws {
        try await queue.enqueue("t", "12")
        _ = try await queue.reply("configure", limit + ["refuse", refuse])
        let levels = ["critical", "high", "normal", "low"]
        for (rank, level) in levels.enumerated() {
            let isRefused = rank >= levels.firstIndex(of: refuse) ?? 0
            let refusal = try await queue.refusal("enqueue", ["t", "12", "priority", level])
            #expect(refusal == (isRefused ? "FULL" : nil), "\(level)")
        }
    }

    @Test func `a draining queue takes no new job, says so, and goes on to its end`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u")
        #expect(try await queue.call("drain") == ["draining", queue.name])
        #expect(try await queue.refusal("enqueue", ["t", "{}", "priority", "critical"]) == "FULL")
        let many = try await queue.call("enqueue_many", "2", "t", "{}")
        #expect(many[0] == "error" && many[1].hasPrefix("FULL ") && many[1].contains("drains"))
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "a"])
        #expect(try await queue.backlog()["draining"] == "yes")
        let run = try await queue.claimOne()
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        try await queue.call("resume")
        #expect(try await queue.backlog()["draining"] == "no")
        try await queue.enqueue()
    }

    @Test func `requeueing is not refused, and what is moved comes back`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
        try await queue.enqueue("t", "{}", "id", "b")
        try await queue.config("maxLength", "1")
        #expect(try await queue.call("requeue", "a") == ["queued", "a"])
        #expect(try await queue.call("move", "b", "delay", "0") == ["moved", "b"])
        #expect(try await queue.claimed() == ["a", "b"])
    }

    @Test func `bytes are bounded within a batch too, and for a replacement that is larger`() async throws {
        try await queue.config("maxBytes", "1000")
        let job = ["2", "t", String(repeating: "p", count: 400)]
        let answers = try #require(try await queue.reply("enqueue_many", job + job + job).strings)
        #expect(stride(from: 0, to: 6, by: 2).map { answers[$0] } == ["queued", "queued", "error"])
        #expect(answers[5].hasPrefix("FULL "))
        try await queue.enqueue("t", "1", "id", "a", "unique", "u")
        func replace(_ size: Int) async throws -> String? {
            try await queue.refusal(
                "enqueue", ["t", String(repeating: "p", count: size), "unique", "u", "conflict", "replace"])
        }
        #expect(try await replace(201) == "FULL")
        #expect(try await queue.job("a")?["payload"] == "1")
        #expect(try await replace(200) == nil)
        #expect(try await replace(100) == nil)
        #expect(try await queue.stat("bytes") == 900)
        try await queue.expectClean()
    }

    @Test func `one refused job in a batch refuses no other`() async throws {
        try await queue.config("maxLength", "3", "refuse", "normal")
        let batch =
            (0..<5).flatMap { ["4", "t", "{}", "id", "n\($0)"] } + ["6", "t", "{}", "id", "c", "priority", "critical"]
        let answers = try #require(try await queue.reply("enqueue_many", batch).strings)
        let words = stride(from: 0, to: answers.count, by: 2).map { answers[$0] }
        #expect(words == ["queued", "queued", "queued", "error", "error", "queued"])
    }
}
