import NIOCore
import Redis
import Testing

@Suite struct EnqueueRefusalTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let mistakes: [[String]] = [
        [], ["t"], ["", "{}"], [String(repeating: "t", count: 129), "{}"], ["a\u{7}", "{}"],
        ["t", "{}", "colour", "red"], ["t", "{}", "key"], ["t", "{}", "id", ""],
        ["t", "{}", "id", String(repeating: "i", count: 129)], ["t", "{}", "id", "a\nb"],
        ["t", "{}", "priority", "urgent"], ["t", "{}", "priority", "4"], ["t", "{}", "priority", "-1"],
        ["t", "{}", "key", ""], ["t", "{}", "key", String(repeating: "k", count: 257)],
        ["t", "{}", "delay", "-1"], ["t", "{}", "delay", "1.5"], ["t", "{}", "delay", "5s"],
        ["t", "{}", "delay", "100000000000"], ["t", "{}", "at", "99999999999999"], ["t", "{}", "at", "tomorrow"],
        ["t", "{}", "delay", "1", "at", "2"], ["t", "{}", "unique", ""],
        ["t", "{}", "unique", String(repeating: "u", count: 513)], ["t", "{}", "ttl", "0"], ["t", "{}", "ttl", "x"],
        ["t", "{}", "attempts", "0"], ["t", "{}", "attempts", "1001"], ["t", "{}", "timeout", "0"],
        ["t", "{}", "headers", "[]"], ["t", "{}", "headers", "x"],
        ["t", "{}", "headers", "{" + String(repeating: " ", count: 65536)],
        ["t", "{}", "source", ""], ["t", "{}", "traceparent", String(repeating: "0", count: 129)],
    ]

    /// How options go together, those of a unique key above all.
    static let mismatches: [[String]] = [
        ["ttl", "10"], ["scope", "window"], ["conflict", "skip"], ["singleton", "skip"], ["max-wait", "10"],
        ["unique", "u", "scope", "forever"], ["unique", "u", "conflict", "merge"], ["unique", "u", "scope", ""],
        ["unique", "u", "singleton", "replace"], ["unique", "u", "singleton", "yes"],
        ["unique", "u", "singleton", "skip", "scope", "window"],
        ["unique", "u", "singleton", "skip", "conflict", "skip"],
        ["unique", "u", "max-wait", "10"], ["unique", "u", "conflict", "cancel", "max-wait", "10"],
        ["unique", "u", "conflict", "replace", "max-wait", "0"],
        ["unique", "u", "conflict", "replace", "max-wait", "soon"],
        ["unique", "u", "scope", "until-started", "ttl", "10"],
        ["unique", "u", "scope", "until-finished", "ttl", "10"],
        ["unique", "u", "conflict", "replace", "ttl", "10"], ["unique", "u", "singleton", "cancel", "ttl", "10"],
        ["deadline", "0"], ["deadline", "-5"], ["deadline", "100000000000"], ["deadline", "noon"],
        ["late", "drop"], ["deadline", "10", "late", "keep"], ["deadline", "10", "late", ""],
    ]

    @Test("a mistake is INVALID and nothing is kept", arguments: mistakes + mismatches.map { ["t", "{}"] + $0 })
    func invalid(words: [String]) async throws {
        #expect(try await queue.refusal("enqueue", words) == "INVALID")
        #expect(try await queue.redis("KEYS", queue.key("*")) == .array([]))
    }

    @Test(
        "a mistake is told with its value and what would be right",
        arguments: [
            (["t", "{}", "priority", "urgent"], "priority is critical, high, normal or low (0 to 3), not \"urgent\""),
            (["t", "{}", "colour", "red"], "unknown option \"colour\""),
            (["a\nb", "{}"], "type has 1 to 128 printable characters, and is not \"a?b\""),
            (["t", "{}", "Colour", "red"], "unknown option \"Colour\""),
            (["t", "{}", "PRIORITY", "hög\u{7}"], "priority is critical, high, normal or low (0 to 3), not \"h??g?\""),
            (["t", "{}", "key"], "option key has no value"),
            (
                ["t", "{}", "id", String(repeating: "i", count: 129)],
                "id is 1 to 128 printable characters, not 129 bytes"
            ),
            (["t", "{}", "headers", "Authorization: secret"], "headers is a JSON object of up to 64 KiB"),
        ])
    func texts(words: [String], text: String) async throws {
        await #expect(throws: RedisError.server(code: "INVALID", message: text)) {
            try await queue.reply("enqueue", words)
        }
    }

    @Test(
        "a queue's name has up to 128 letters, digits and . _ / -",
        arguments: [
            ("a", true), ("staging/git-hub_1.x", true), (String(repeating: "q", count: 128), true), ("", false),
            (String(repeating: "q", count: 129), false), ("a b", false), ("a{b}", false), ("ä", false), ("a:b", false),
        ])
    func names(name: String, isValid: Bool) async throws {
        let other = TestQueue(name: name, client: queue.client)
        #expect(try await other.refusal("enqueue", ["t", "{}"]) == (isValid ? nil : "INVALID"))
    }

    @Test func `a payload of 25 MiB is taken and one byte more is not`() async throws {
        func enqueue(_ size: Int) async throws {
            var command = Command("FCALL", "penstock_enqueue", "1", queue.name, "t")
            command.append(ByteBuffer(repeating: UInt8(ascii: "p"), count: size))
            try await queue.send(command)
        }
        await #expect(throws: RedisError.self) { try await enqueue((25 << 20) + 1) }
        try await enqueue(25 << 20)
        #expect(try await queue.claimOne().payload.readableBytes == 25 << 20)
    }

    @Test func `a queue at its maximum length answers FULL until a job ends`() async throws {
        try await queue.config("maxLength", "2")
        try await queue.enqueue()
        try await queue.enqueue("t", "{}", "delay", "60000", "unique", "u")
        #expect(try await queue.refusal("enqueue", ["t", "{}", "id", "c", "unique", "v"]) == "FULL")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "duplicate")
        let many = try await queue.call("enqueue_many", "2", "t", "{}")
        #expect(many[0] == "error" && many[1].hasPrefix("FULL "))
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "id", "c", "unique", "v") == ["queued", "c"])
    }

    @Test func `dead letters do not fill a queue`() async throws {
        try await queue.config("maxLength", "1")
        try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        try await queue.enqueue()
    }

    @Test func `enqueue_many takes a hundred jobs`() async throws {
        let hundred = [[String]](repeating: ["2", "t", "{}"], count: 100).flatMap { $0 }
        #expect(try await queue.refusal("enqueue_many", hundred) == nil)
        #expect(try await queue.refusal("enqueue_many", hundred + ["2", "t", "{}"]) == "INVALID")
        #expect(try await queue.refusal("enqueue_many", ["3", "t", "{}"]) == "INVALID")
        #expect(try await queue.refusal("enqueue_many", ["x", "t", "{}"]) == "INVALID")
        #expect(try await queue.waiting() == 100)
    }
}
