import Redis
import Testing

@Suite struct OperateTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `configure answers what it changed`() async throws {
        #expect(
            try await queue.call("configure", "lease", "5000", "weights", "6:3:1", "record", "yes")
                == ["lease", "30000", "5000", "record", "no", "yes"])
        #expect(try await queue.call("configure", "lease", "5000") == [])
        #expect(try await queue.turn().lease == 5_000)
    }

    @Test func `the settings that are in force are listed, with their defaults`() async throws {
        try await queue.config("lease", "5000", "concurrency:key:k", "3", "rate:type:t", "1/1000")
        try await queue.call("pause", "type", "t")
        try await queue.call("drain")
        let words = try #require(try await queue.reply("settings", [], readOnly: true).strings)
        let rows = stride(from: 0, to: words.count, by: 3).map { words[$0..<$0 + 3].joined(separator: " ") }
        let expected = [
            "concurrency:key:k 3 0", "draining yes no", "fair no no", "lease 5000 30000", "maxBytes 0 0",
            "maxEvents 1000000 1000000", "maxLength 0 0", "paused:type:t yes no", "policy weighted weighted",
            "rate:type:t 1/1000 0", "record no no", "refuse critical critical", "retention 7776000000 7776000000",
            "weights 6:3:1 6:3:1",
        ]
        #expect(rows == expected)
    }

    @Test(
        "a setting that is wrong changes nothing",
        arguments: [
            ["lease", "999"], ["lease", "86400001"], ["lease", "30s"], ["weights", "6:3"], ["weights", "0:3:1"],
            ["weights", "6:3:1:1"], ["weights", "6:3:-1"], ["maxLength", "-1"], ["maxEvents", "0"],
            ["record", "maybe"],
            ["colour", "red"], ["paused", "yes"], ["lease"],
        ])
    func invalid(setting: [String]) async throws {
        #expect(try await queue.refusal("configure", ["maxLength", "7"] + setting) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("config")) == 0)
    }

    @Test func `a job tells where it is, and with whom`() async throws {
        let id = try await queue.enqueue("push", "{\"a\":1}", "priority", "high")
        let waiting = try #require(try await queue.job(id))
        #expect(waiting["state"] == "waiting" && waiting["payload"] == "{\"a\":1}" && waiting["worker"] == nil)
        let run = try await queue.claimOne(by: "w9")
        try await queue.age(run, 5_000)
        let running = try #require(try await queue.job(id))
        #expect(running["state"] == "running" && running["worker"] == "w9")
        #expect((Int(running["idle"] ?? "") ?? 0) >= 5_000)
        #expect(try await queue.settle(run.completes, by: "w9") == ["OK"])
        #expect(try await queue.job(id) == nil)
        #expect(try await queue.refusal("job", []) == "INVALID")
    }

    @Test func `the backlog counts each level, each state and all totals`() async throws {
        try await queue.fill(3, "priority", "high")
        try await queue.fill(2, "priority", "low")
        try await queue.enqueue("t", "{}", "delay", "60000")
        try await queue.enqueue("odd", "{}", "priority", "critical")
        try await queue.enqueue("odder", "{}", "priority", "critical")
        let odd = try await queue.turn(2).runs
        _ = try await queue.turn(0, odd.map { $0.ends("unhandled") })
        let run = try await queue.claimOne()
        #expect(try await queue.reply("unrouted", []) == .integer(1))
        let backlog = try await queue.backlog()
        let expected = [
            "waiting:high": "2", "running:high": "1", "waiting:low": "2", "running:low": "0", "waiting:normal": "0",
            "delayed": "1", "parked": "2", "dead": "0", "parked:odd": "1", "parked:odder": "1", "paused": "no",
            "record": "no", "maxEvents": "1000000", "events": "2", "total:accepted": "8", "total:completed": "0",
            "total:unrouted": "1",
        ]
        for (name, value) in expected { #expect(backlog[name] == value, "\(name)") }
        let oldest = Int(backlog["oldest:high"] ?? "") ?? 0
        #expect((oldest...oldest + 60_000).contains(Int(backlog["now"] ?? "") ?? 0))
        #expect(backlog["oldest:normal"] == nil)
        #expect(run.level == "high")
    }

    @Test func `the oldest waiting job is one that still waits`() async throws {
        let cancelled = try await queue.enqueue()
        let old = try await queue.backlog()["oldest:normal"]
        #expect(old != nil)
        try await queue.call("cancel", cancelled)
        #expect(try await queue.backlog()["oldest:normal"] == nil)
        let id = try await queue.enqueue()
        let entry = try await queue.header(id)["entry"] ?? ""
        #expect(try await queue.backlog()["oldest:normal"] == entry.split(separator: "-").first.map(String.init))
    }

    @Test func `a backlog of a queue that nobody has used is empty`() async throws {
        let backlog = try await queue.backlog()
        #expect(queue.streams.allSatisfy { backlog["waiting:\($0)"] == "0" && backlog["running:\($0)"] == "0" })
        #expect(try await queue.redis("KEYS", queue.key("*")) == .array([]))
    }
}
