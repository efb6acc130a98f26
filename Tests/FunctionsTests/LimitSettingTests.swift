import Redis
import Testing

/// What `penstock_configure` takes and refuses of limits.
@Suite struct LimitSettingTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test(
        "a job that could have three limits is refused, and nothing is changed",
        arguments: [
            ["concurrency", "1", "rate", "1/1", "concurrency:type:t", "1"],
            ["concurrency", "1", "rate", "1/1", "concurrency:key", "1"],
            ["concurrency", "1", "rate", "1/1", "rate:key:k", "1/1"],
            ["concurrency", "1", "concurrency:type:t", "1", "rate:key", "1/1"],
            ["concurrency:type:t", "1", "rate:type:t", "1/1", "concurrency:key:k", "1"],
            ["concurrency:key", "1", "rate:key:k", "1/1", "rate", "1/1"],
            ["concurrency:key", "1", "rate:key", "1/1", "concurrency:type:t", "1"],
        ])
    func three(settings: [String]) async throws {
        #expect(try await queue.refusal("configure", ["lease", "5000"] + settings) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("config")) == 0)
        // Neither in two steps.
        #expect(try await queue.refusal("configure", Array(settings[..<4])) == nil)
        #expect(try await queue.refusal("configure", Array(settings[4...])) == "INVALID")
        #expect(try await queue.redis("HGET", queue.key("config"), settings[4]) == .null)
        // Until one is taken away.
        #expect(try await queue.refusal("configure", [settings[0], "0"] + settings[4...]) == nil)
    }

    @Test(
        "two limits a job are taken, however many the queue has",
        arguments: [
            ["concurrency", "1", "rate", "1/1"], ["concurrency:key", "1", "rate:key", "1/1", "concurrency:key:k", "5"],
            [
                "concurrency:type:a", "1", "rate:type:a", "1/1", "concurrency:type:b", "2", "rate:type:b", "1/1",
                "concurrency:type:c", "1",
            ],
            ["concurrency", "1", "rate:type:a", "1/1", "concurrency:type:b", "2"],
            ["concurrency:type:t", "1", "concurrency:key", "2", "concurrency:key:k", "3"],
        ])
    func two(settings: [String]) async throws {
        #expect(try await queue.refusal("configure", settings) == nil)
        #expect(try await queue.backlog()["limits"]?.split(separator: "\n").count == settings.count / 2)
    }

    @Test(
        "a limit that is wrong changes nothing",
        arguments: [
            ["concurrency", "-1"], ["concurrency", "1.5"], ["concurrency", "1000001"], ["concurrency", "many"],
            ["concurrency:type", "1"], ["concurrency:type:", "1"], ["concurrency:typo:t", "1"],
            ["concurrency:key:", "1"], ["concurrency:key1", "1"], ["rate:typet", "1/1"], ["concurrency:key:a\nb", "1"],
            ["concurrency:queue", "1"],
            ["concurrency:key:" + String(repeating: "k", count: 257), "1"], ["concurrency:type:t"],
            ["rate", "10"], ["rate", "10/"], ["rate", "/1000"], ["rate", "0/1000"], ["rate", "10/0"],
            ["rate", "10/1000/0"], ["rate", "10/1000/5/2"], ["rate", "10/1s"], ["rate", "-1/1000"],
            ["rate", "1000000001/1000"], ["rate", "1/100000000001"], ["rate", "1/1/1000001"], ["rate:key:", "1/1"],
            ["rate:", "1/1"], ["retries", "10"], ["retries:key", "1/1"], ["retries:key:k", "1/1"],
            ["retries:type:", "1/1"], ["retries:type:t", "x/1"], ["speed:type:t", "1"], ["paused:type:t", "yes"],
            ["limits", "concurrency=1"], ["draining", "yes"], ["concurrency:type:t:", "-"],
        ])
    func invalid(setting: [String]) async throws {
        #expect(try await queue.refusal("configure", ["lease", "5000"] + setting) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("config")) == 0)
    }

    @Test(
        "settings of version 2 are checked too",
        arguments: [
            ["policy", "fastest"], ["fair", "maybe"], ["maxBytes", "-1"], ["maxBytes", "1k"], ["refuse", "urgent"],
            ["refuse", "2"], ["retention", "90d"], ["retention", "-1"],
        ])
    func others(setting: [String]) async throws {
        #expect(try await queue.refusal("configure", ["lease", "5000"] + setting) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("config")) == 0)
    }

    @Test(
        "a mistake is told with its value and what would be right",
        arguments: [
            (["lease", "5s"], "lease is milliseconds, from 1000 to 86400000, not \"5s\""),
            (["lease"], "setting lease has no value"), (["speed", "1"], "unknown setting \"speed\""),
        ])
    func texts(setting: [String], text: String) async throws {
        await #expect(throws: RedisError.server(code: "INVALID", message: text)) {
            try await queue.reply("configure", setting)
        }
    }

    @Test func `a limit may be set, changed and taken away, and the answer says so`() async throws {
        #expect(try await queue.call("configure", "rate:key", "5/1000/2") == ["rate:key", "0", "5/1000/2"])
        #expect(try await queue.call("configure", "rate:key", "5/1000/2") == [])
        #expect(try await queue.call("configure", "rate:key", "0") == ["rate:key", "5/1000/2", "0"])
        #expect(try await queue.call("configure", "rate:key", "") == [])
        #expect(try await queue.backlog()["limits"] == "")
    }

    @Test func `a name with colons, equals signs and percent signs is a name`() async throws {
        for name in ["a:b", "a=b", "a=1", "%d+", "type", "a b", "ü"] {
            try await queue.config("concurrency:key:\(name)", "1")
            for _ in 0..<2 { try await queue.enqueue("t", "{}", "key", name) }
            #expect(try await queue.claimed().count == 1, "\(name)")
        }
        try await queue.expectClean()
    }
}
