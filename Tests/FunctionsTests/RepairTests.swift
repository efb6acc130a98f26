import Redis
import Testing

@Suite struct RepairTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("to repair what is right changes nothing", arguments: [[], ["fair", "yes"]])
    func clean(settings: [String]) async throws {
        _ = try await queue.reply("configure", settings + ["concurrency:key", "1", "rate:type:slow", "1/60000"])
        for type in ["t", "slow", "odd", "late", "bad"] {
            for level in ["critical", "high", "normal", "low"] {
                for key in ["k", "l"] {
                    let words = [type, "{}", "priority", level, "key", key, "unique", "\(type)\(level)\(key)"]
                    _ = try await queue.reply("enqueue", words)
                }
            }
        }
        try await queue.enqueue("t", String(repeating: "p", count: 2_000), "delay", "60000", "id", "delayed")
        try await queue.enqueue("t", "{}", "id", "moving")
        try await queue.call("depart", "moving", "elsewhere")
        try await queue.call("pause", "type", "late")
        var runs = try await queue.turn().runs
        for verb in [
            ["dead", "e"], ["retry", "60000", "e"], ["unhandled"], ["release"], ["completed", ""], ["snooze", "9999"],
        ] {
            let outcome = (runs.popLast()?.name ?? []) + ["1", "1"] + verb
            runs += try await queue.turn(1, [outcome]).runs
        }
        for id in try await queue.redis("HKEYS", queue.key("jobs")).strings?.prefix(5) ?? [] {
            _ = try await queue.refusal("cancel", [id])
        }
        let before = try await queue.digest()
        #expect(before.count > 12)
        #expect(try await queue.findings() == [])
        #expect(try await queue.repair() == [])
        #expect(try await queue.digest() == before)
    }

    @Test func `a queue that nobody has used is right`() async throws {
        #expect(try await queue.findings() == [])
        #expect(try await queue.repair() == [])
        #expect(try await queue.redis("KEYS", queue.key("*")) == .array([]))
    }

    @Test func `a large queue is looked at page by page, each page bounded, to the last`() async throws {
        try await queue.fill(6_000)
        try await queue.fill(3_000, "delay", "60000")
        try await queue.redis("ZADD", queue.key("delayed"), "1000", "ghost")
        try await queue.redis("HINCRBY", queue.key("stats"), "waiting:low", "1")
        var (cursor, looked, pages, codes) = ("0", 0, 0, [String]())
        repeat {
            let words = try await queue.call("check", "cursor", cursor)
            cursor = words[0]
            #expect((Int(words[1]) ?? 0) <= 10_000)
            looked += Int(words[1]) ?? 0
            pages += 1
            codes += stride(from: 2, to: words.count, by: 4).map { words[$0] }
        } while cursor != "0"
        #expect(pages > 5 && looked >= 12_000)
        #expect(codes.sorted() == ["counter", "orphan"])
        #expect(try await queue.repair().count == 2)
        try await queue.expectClean()
    }

    @Test func `headers that are large make more pages, each bounded in bytes`() async throws {
        let headers = "{\"a\":\"" + String(repeating: "h", count: 60_000) + "\"}"
        for _ in 0..<200 { try await queue.enqueue("t", "{}", "headers", headers) }
        var (cursor, pages) = ("0", 0)
        repeat {
            cursor = try await queue.call("check", "cursor", cursor)[0]
            pages += 1
        } while cursor != "0"
        #expect(pages > 2)
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.map { $0.ends("dead", "e") })
        let page = try await queue.call("dead")
        #expect(!page[0].isEmpty && page.count > 1 && page.count < 1 + 3 * 90)
    }

    @Test(
        "what is no cursor is INVALID",
        arguments: [["cursor"], ["cursor", "x"], ["cursor", "nowhere 5"], ["page", "1"], ["0"]])
    func invalid(words: [String]) async throws {
        #expect(try await queue.refusal("check", words) == "INVALID")
        #expect(try await queue.refusal("repair", words) == "INVALID")
    }

    @Test func `a job that is put back keeps the time of its enqueue`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        let entry = try #require(try await queue.header("a")["entry"])
        try await queue.redis("DEL", queue.key("normal"))
        try await queue.pass(5_000)
        _ = try await queue.repair()
        let header = try await queue.header("a")
        #expect(header["enqueuedAt"] == entry.split(separator: "-").first.map(String.init))
    }

    @Test func `a payload that is missing is found; the claim that meets it buries the job`() async throws {
        try await queue.enqueue("t", String(repeating: "p", count: 2_000), "id", "a")
        try await queue.redis("HSET", queue.key("stats"), "bytes", "0")
        try await queue.redis("DEL", queue.key("bodies"))
        #expect(try await queue.findings().map(\.code) == ["bodiless"])
        #expect(try await queue.repair().map(\.fate) == ["found"])
        #expect(try await queue.claimed() == [])
        try await queue.expectClean()
        #expect(try await queue.kinds() == ["dead"])
    }

    @Test func `a unique key that another job holds is found and left to it`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u")
        try await queue.redis("DEL", queue.key("unique"))
        try await queue.enqueue("t", "{}", "id", "b", "unique", "u")
        let found = try await queue.findings()
        #expect(found.map(\.code) == ["unheld"] && found.map(\.subject) == ["a"] && found[0].fact.hasSuffix("by b"))
        #expect(try await queue.repair().map(\.fate) == ["found"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "b"])
    }

    @Test func `a sweep looks at a hundred lanes, and the next one at the next hundred`() async throws {
        try await queue.config("concurrency:key", "1")
        for _ in 0..<2 {
            for start in [0, 90, 180] {
                _ = try await queue.reply(
                    "enqueue_many", (start..<start + 90).flatMap { ["4", "t", "{}", "key", "k\($0)"] })
            }
        }
        var runs: [Run] = []
        while runs.count < 270 { runs += try await queue.turn().runs }
        while try await queue.turn().flag == "more" {}
        try await queue.redis("DEL", queue.key("stalled"))
        for start in [0, 90, 180] { _ = try await queue.turn(0, runs[start..<start + 90].map(\.completes)) }
        for _ in 0..<3 { try await queue.call("sweep") }
        #expect(try await queue.integer("ZCARD", queue.key("open")) == 270)
        #expect(try await queue.runAll().count == 270)
    }

    @Test func `what a sweep can heal, it heals without being asked`() async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        let run = try #require(try await queue.turn().runs.first)
        try await queue.redis("DEL", queue.key("stalled"))
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.claimed() == [])
        try await queue.call("sweep")
        #expect(try await queue.rung())
        #expect(try await queue.claimed() == ["b"])
        try await queue.expectClean()
    }
}
