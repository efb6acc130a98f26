import Redis
import Testing

/// Jobs that wait for limits: in order, let in by whatever makes room, whatever becomes of those before them.
@Suite struct LaneTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("jobs that come into a lane later do not overtake, whoever made them", arguments: ["no", "yes"])
    func order(fair: String) async throws {
        try await queue.config("fair", fair, "concurrency:type:t", "1")
        for id in ["a", "b", "c"] { try await queue.enqueue("t", "{}", "id", id) }
        #expect(try await queue.claimed() == ["a"])
        for number in 0..<3 {
            try await queue.redis("XADD", queue.key("normal"), "*", "type", "t", "payload", "\(number)")
        }
        #expect(try await queue.claimed() == [])
        try await queue.enqueue("t", "{}", "id", "last")
        let a = try await queue.claimAgain("a")
        let next = try #require(try await queue.turn(1, [a.completes]).runs.first)
        let ids = try await [next.id] + rest(next)
        #expect(ids.prefix(2) == ["b", "c"] && ids.last == "last" && ids.count == 6)
        try await queue.expectClean()
    }

    @Test func `jobs of one key keep their order behind a limit of a fair queue`() async throws {
        try await queue.config("fair", "yes", "concurrency:key", "1")
        let ids = (0..<30).map { "z\(99 - $0)" }
        for id in ids { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        let first = try #require(try await queue.turn().runs.first)
        #expect(try await [first.id] + rest(first) == ids)
        try await queue.expectClean()
    }

    @Test func `while a slot waits for the next claim, a healthy queue has no finding`() async throws {
        try await queue.config("concurrency:type:t", "1", "concurrency:key", "1")
        for key in ["A", "B", "C"] { try await queue.enqueue("t", "{}", "key", key) }
        let runs = try await queue.turn(5).runs
        try await queue.expectClean()
        #expect(try await queue.settle(runs[0].completes) == ["OK"])
        try await queue.expectClean()
        try await queue.config("concurrency:type:t", "0", "rate:type:t", "1/1000")
        #expect(try await queue.turn(5).runs.count == 1)
        try await queue.expectClean()
        try await queue.pass(1_000)
        try await queue.expectClean()
        #expect(try await queue.turn(5).runs.count == 1)
        try await queue.expectClean()
    }

    @Test func `two lanes that wait for one rate both start in their time`() async throws {
        try await queue.config("rate:type:t", "1/1000", "concurrency:key", "5")
        for key in ["a", "b", "c"] { try await queue.enqueue("t", "{}", "key", key) }
        #expect(try await queue.turn(5).runs.count == 1)
        for left in [1, 0] {
            #expect(try await queue.turn(5).next == 1_000)
            try await queue.pass(1_000)
            let turn = try await queue.turn(5)
            #expect(turn.runs.count == 1 && turn.next == (left == 1 ? 1_000 : -1))
        }
        try await queue.expectClean()
    }

    @Test(
        "a lane opens although its first job cannot be read", arguments: ["resume", "sweep", "raise", "free", "time"])
    func junk(way: String) async throws {
        let settings = ["resume": ["rate:key", "0"], "time": ["rate:key", "1/1000"]]
        _ = try await queue.reply("configure", settings[way] ?? ["concurrency:key", "1"])
        for id in ["a", "b", "c"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        if way == "resume" { try await queue.call("pause", "type", "t") }
        _ = try await queue.claimed()
        try await queue.poison(way == "resume" ? "a" : "b", "garbage\n{}")
        switch way {
        case "resume": try await queue.call("resume", "type", "t")
        case "raise": try await queue.config("concurrency:key", "2")
        case "time": try await queue.pass(1_000)
        default:
            if way == "sweep" { try await queue.redis("DEL", queue.key("stalled")) }
            #expect(try await queue.settle(queue.claimAgain("a").completes) == ["OK"])
            if way == "sweep" { try await queue.call("sweep") }
        }
        #expect(try await queue.claimed() == (way == "resume" ? ["b", "c"] : ["c"]))
        try await queue.expectClean()
    }

    @Test func `lanes that a purge has emptied cost a call some hundred looks, and then the next job starts`()
        async throws
    {
        try await queue.config("concurrency:type:t", "1", "concurrency:key", "1")
        for start in stride(from: 0, to: 1_500, by: 100) {
            let words = (start..<start + 100).flatMap { ["4", "t", "{}", "key", "k\($0)"] }
            _ = try await queue.reply("enqueue_many", words)
        }
        let run = try #require(try await queue.turn(5).runs.first)
        while try await queue.turn(5).flag == "more" {}
        var cursor = "0"
        repeat { cursor = try await queue.call("purge", cursor)[0] } while cursor != "0"
        try await queue.enqueue("t", "{}", "key", "last", "id", "last")
        #expect(try await queue.claimed() == [])
        let stalled = try await queue.integer("ZCARD", queue.key("stalled"))
        #expect(stalled > 1_400)
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.integer("ZCARD", queue.key("stalled")) > stalled - 500)
        var turn = try await queue.turn(1)
        for _ in 0..<20 where turn.runs.isEmpty {
            #expect(turn.next == 0 || turn.flag == "more", "the worker comes again at once")
            turn = try await queue.turn(1)
        }
        #expect(turn.runs.map(\.id) == ["last"])
    }

    @Test func `a job of a lane is handed out once, also behind a heap of stale entries`() async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        let a = try #require(try await queue.turn().runs.first)
        try await queue.fill(270)
        var runs: [Run] = []
        while runs.count < 270 { runs += try await queue.turn(90).runs }
        for start in [0, 90, 180] { _ = try await queue.turn(0, runs[start..<start + 90].map { $0.ends("release") }) }
        for run in runs { try await queue.call("cancel", run.id) }
        // The lane of `b` opens in a call that has no looks left for what is in `returned` already.
        let turn = try await queue.turn(5, [a.completes])
        #expect(turn.flag == "more")
        #expect(try await turn.runs.map(\.id) + queue.runAll(5) == ["b"])
        _ = try await queue.turn(0, turn.runs.map(\.completes))
        #expect(try await queue.length("returned") == 0)
        try await queue.expectClean()
    }

    @Test func `a limit that is raised lets the next job of each of very many keys in`() async throws {
        try await queue.config("concurrency:key", "1")
        try await queue.fillKeys(1_500, 2)
        #expect(try await queue.claimAll() == 1_500)
        try await queue.config("concurrency:key", "2")
        // As a scheduler does.
        while try await queue.call("sweep").last == "more" {}
        #expect(try await queue.claimAll() == 1_500)
        try await queue.expectClean()
    }

    @Test func `a change of another limit keeps the time at which each of very many keys may start again`() async throws
    {
        try await queue.config("rate:key", "1/3600000")
        try await queue.fillKeys(1_500, 2)
        #expect(try await queue.claimAll() == 1_500)
        try await queue.call("pause", "type", "other")
        #expect(try await queue.integer("ZCARD", queue.key("gates")) == 1_500)
        try await queue.pass(3_600_000)
        #expect(try await queue.claimAll() == 1_500)
    }

    @Test func `a rate that is raised lets very many keys start before their old time`() async throws {
        try await queue.config("rate:key", "1/3600000")
        try await queue.fillKeys(1_500, 2)
        #expect(try await queue.claimAll() == 1_500)
        try await queue.config("rate:key", "1/1000")
        while try await queue.call("sweep").last == "more" {}
        #expect(try await queue.claimAll() == 0)
        try await queue.pass(1_000)
        #expect(try await queue.claimAll() == 1_500)
    }

    @Test func `limits that are set back to what they were before hold again`() async throws {
        for limit in ["1", "3", "1", "2", "1"] {
            try await queue.config("concurrency:key", limit)
            try await queue.fill(5, "key", "k")
            let runs = try await queue.turn().runs
            #expect(runs.count == Int(limit))
            var cursor = "0"
            repeat { cursor = try await queue.call("purge", cursor)[0] } while cursor != "0"
            _ = try await queue.turn(0, runs.map(\.completes))
        }
        try await queue.expectClean()
    }

    @Test func `thousands of limits are settings like others`() async throws {
        var words: [String] = []
        for number in 0..<3_000 { words += ["concurrency:key:k\(number)", "\(number % 3 + 1)"] }
        _ = try await queue.reply("configure", words)
        for key in ["k0", "k1", "k2", "k2999", "other"] { try await queue.fill(5, "key", key) }
        let keys = try await queue.turn().runs.map { $0.header["key"] ?? "" }
        let counts = Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(counts == ["k0": 1, "k1": 2, "k2": 3, "k2999": 3, "other": 5])
    }

    /// Ends this run, one by one what follows it; the ids of those.
    private func rest(_ run: Run) async throws -> [String] {
        var (ids, run) = ([String](), run)
        while let next = try await queue.turn(1, [run.completes]).runs.first {
            ids.append(next.id)
            run = next
        }
        return ids
    }
}
