import Functions
import Redis
import Testing

/// Races that other engines have or had, as far as one server and its functions can show them. A comment says whose it was.
@Suite struct RivalRaceTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    // swift-jobs-valkey, Faktory: a job popped from its list and not yet noted as running is gone if the process dies in between.
    @Test(
        "a worker killed between taking a job and owning it loses nothing", arguments: ["stream", "lane", "returned"])
    func takeAndOwn(way: String) async throws {
        if way == "lane" { try await queue.config("fair", "yes") }
        try await queue.enqueue("t", "{}", "id", "a", "key", "k")
        if way == "returned" { #expect(try await queue.settle(queue.claimOne().ends("release")) == ["OK"]) }
        // The claim happens, its reply is never read: the run is the dead worker's in the same step, and recovery finds it.
        _ = try await queue.reply("turn", ["killed", "1"])
        #expect(try await queue.job("a")?["worker"] == "killed")
        let pending = try await queue.claimAgain("a")
        try await queue.age(
            Run(
                consumer: "killed", level: pending.level, entry: pending.entry, id: "a", line: "",
                payload: pending.payload),
            30_001)
        #expect(try await queue.recover() == ["1", "0", "done"])
        #expect(try await queue.claimed(by: "w2") == ["a"])
        try await queue.expectClean()
    }

    // River, Oban, asynq, Inngest: a worker that was thought dead comes back and ends the run that another now has.
    @Test("a worker that comes back after recovery finishes, fails and renews nothing", arguments: SlotTests.verbs)
    func zombie(verb: [String]) async throws {
        try await queue.config("concurrency:key", "1")
        try await queue.enqueue("t", "{}", "id", "a", "key", "k", "unique", "u", "scope", "until-finished")
        let lost = try await queue.claimOne(by: "zombie")
        try await queue.age(lost, 30_001)
        _ = try await queue.recover()
        let run = try await queue.claimOne(by: "w2")
        let before = try await (queue.digest().filter { !$0.contains(":stats ") }, queue.stat("lost"))
        let renewal = try #require(
            try await queue.reply("renew", ["zombie", "99999", "last", "0"] + lost.name).strings)
        #expect(renewal.last == "LOST")
        #expect(try await queue.settle(lost.name + ["1", "1"] + verb, by: "zombie") == ["LOST"])
        #expect(try await queue.digest().filter { !$0.contains(":stats ") } == before.0)
        #expect(try await queue.stat("lost") == before.1 + 1)
        #expect(try await queue.settle(run.completes, by: "w2") == ["OK"])
        try await queue.expectClean()
    }

    // asynq, Sidekiq: the lock of a unique job outlives a crash, or the enqueue that made it and then failed.
    @Test("no unique key is left behind by a conflict, a refusal or a crash", arguments: UniqueScopeTests.scopes)
    func uniqueKey(scope: String) async throws {
        try await queue.config("maxLength", "1")
        let words = ["t", "{}", "unique", "u", "scope", scope]
        try await queue.enqueue("t", "{}", "id", "first")
        // A conflict of ids, a full queue, an option that is wrong: neither takes the key.
        #expect(try await queue.reply("enqueue", words + ["id", "first"]).strings == ["duplicate", "first"])
        #expect(try await queue.refusal("enqueue", words) == "FULL")
        #expect(try await queue.refusal("enqueue", words + ["priority", "urgent"]) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("unique"), queue.key("unique:expiry")) == 0)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.reply("enqueue", words + ["id", "second"]).strings == ["queued", "second"])
        for _ in 0..<3 {
            try await queue.age(queue.claimOne(by: "crashing"), 30_001)
            _ = try await queue.recover()
        }
        #expect(try await queue.state("second") == "dead")
        #expect(try await queue.reply("enqueue", words + ["id", "third"]).strings == ["queued", "third"])
        try await queue.expectClean()
    }

    // Oban: one unique conflict in the statement that promotes scheduled jobs failed it for all of them.
    @Test func `one job that cannot be promoted stops the promotion of no other`() async throws {
        try await queue.config("concurrency:key:stopped", "1")
        for id in ["unreadable", "bodiless", "gone", "late", "stopped0", "stopped1", "good"] {
            let payload = id == "bodiless" ? String(repeating: "p", count: 2_000) : "{}"
            try await queue.enqueue(
                "t", payload, "id", id, "delay", "60000", "unique", id, "key", id.hasPrefix("stopped") ? "stopped" : id,
                "deadline", id == "late" ? "1" : "99999999")
        }
        try await queue.poison("unreadable", "garbage\n{}")
        try await queue.poison("late", "{\"type\":\"t\",\"enqueuedAt\":1,\"runAt\":1,\"deadline\":2}\n{}")
        try await queue.redis("HDEL", queue.key("bodies"), "bodiless")
        try await queue.redis("HDEL", queue.key("jobs"), "gone")
        try await queue.makeDue()
        #expect(try await Set(queue.claimed()) == ["stopped0", "good"])
        #expect(try await queue.state("stopped1") == "parked")
        #expect(try await queue.state("late") == "dead")
        #expect(try await queue.integer("ZCARD", queue.key("delayed")) == 0)
    }

    @Test func `one conflict in a batch stops no other job of it`() async throws {
        try await queue.enqueue("t", "{}", "id", "first", "unique", "u")
        let batch: [[String]] = [
            ["t", "1", "id", "a"], ["t", "2", "unique", "u"], ["t", "3", "id", "a"], ["t", "4", "priority", "urgent"],
            ["other", "5", "unique", "u", "conflict", "replace"], ["t", "6", "id", "b"],
            ["t", "7", "id", "c", "unique", "u"],
            ["t", "8", "unique", "v"], ["t", "9", "id", "d", "unique", "v"],
        ]
        let answers = try #require(
            try await queue.reply("enqueue_many", batch.flatMap { ["\($0.count)"] + $0 }).strings)
        let words = stride(from: 0, to: answers.count, by: 2).map { answers[$0] }
        #expect(
            words == [
                "queued", "duplicate", "duplicate", "error", "error", "queued", "duplicate", "queued", "duplicate",
            ])
        #expect(answers[3] == "first" && answers[5] == "a" && answers[13] == "first" && answers[17] == answers[15])
        #expect(try await queue.claimed() == ["first", "a", "b", answers[15]])
        try await queue.expectClean()
    }

    // glide-mq: promotion gave delayed jobs their order once and for all, so what was urgent and came later had to wait.
    @Test("a more urgent job that comes after promotion is claimed first", arguments: ["no", "yes"])
    func promotion(fair: String) async throws {
        try await queue.config("fair", fair)
        try await queue.fill(50, "delay", "60000", "priority", "low", "key", "k")
        try await queue.makeDue()
        #expect(try await queue.call("sweep")[0] == "50")
        try await queue.enqueue("t", "{}", "id", "critical", "priority", "critical", "key", "k")
        try await queue.enqueue("t", "{}", "id", "high", "priority", "high", "key", "k")
        #expect(try await queue.claimed(2) == ["critical", "high"])
    }

    // BullMQ: a job that stalled or was retried came back without its priority.
    @Test("retried and recovered jobs keep their level", arguments: ["critical", "high", "low"], ["no", "yes"])
    func level(level: String, fair: String) async throws {
        try await queue.config("fair", fair, "policy", "strict")
        try await queue.enqueue("t", "{}", "id", "a", "priority", level)
        try await queue.age(queue.claimOne(), 30_001)
        _ = try await queue.recover()
        #expect(try await queue.settle(queue.claimOne().ends("retry", "0", "e")) == ["OK"])
        try await queue.fill(3)
        let ids = try await queue.runAll(1)
        #expect(ids.firstIndex(of: "a") == (level == "low" ? 3 : 0))
    }

    // Hatchet: a worker that died took its slots with it.
    @Test("a crash leaks no slot, of any limit, however often", arguments: ConcurrencyTests.limits)
    func slots(limit: String) async throws {
        try await queue.config(limit, "1")
        for id in ["a", "b", "c"] { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        for crash in 0..<9 {
            let runs = try await queue.turn(5, by: "w\(crash)").runs
            #expect(runs.count == 1)
            try await queue.age(runs[0], 30_001)
            _ = try await queue.recover()
            try await queue.expectClean()
        }
        #expect(try await queue.integer("ZCARD", queue.key("dead")) == 3)
        #expect(try await queue.integer("EXISTS", queue.key("slots"), queue.key("holds")) == 0)
    }

    // watermill: a consumer that seemed idle was deleted together with what was pending for it.
    @Test(
        "a consumer that holds a run is never removed, however long it is silent",
        arguments: ["normal", "returned", "events"])
    func consumers(stream: String) async throws {
        let queue = try await Self.impatient.queue()
        try await queue.config("record", "yes")
        try await queue.enqueue("t", "{}", "id", "a")
        var run = try await queue.claimOne(by: "holder")
        if stream == "returned" {
            #expect(try await queue.settle(run.ends("release"), by: "holder") == ["OK"])
            run = try await queue.claimOne(by: "holder")
        }
        if stream == "events" {
            #expect(try await queue.settle(run.completes, by: "holder") == ["OK"])
            try await queue.call("events", "holder")
        }
        for _ in 0..<3 {
            try await queue.redis("HDEL", queue.key("stats"), "tidiedAt")
            try await queue.call("sweep")
        }
        let group = stream == "events" ? "sink" : "workers"
        let consumers = try await queue.redis("XINFO", "CONSUMERS", queue.key(stream), group).array ?? []
        #expect(consumers.map { TestQueue.pairs($0)["name"] } == ["holder"])
        #expect(try await queue.redis("XPENDING", queue.key(stream), group).array?.first?.integer == 1)
        if stream != "events" { #expect(try await queue.settle(run.completes, by: "holder") == ["OK"]) }
    }

    // A person removed it by hand: Redis forgets what was pending, and no recovery sees the run.
    @Test func `a repair finds a run whose consumer was removed by hand, and puts it back`() async throws {
        let queue = try await Self.impatient.queue()
        try await queue.config("concurrency", "1")
        try await queue.enqueue("t", "{}", "id", "a")
        let run = try await queue.claimOne(by: "gone")
        try await queue.redis("XGROUP", "DELCONSUMER", queue.key(run.level), "workers", "gone")
        #expect(try await queue.findings().map(\.subject).contains("a"))
        _ = try await queue.repair()
        #expect(try await queue.settle(run.completes, by: "gone") == ["LOST"])
        #expect(try await queue.runAll() == ["a"])
        try await queue.expectClean()
    }

    // ChasquiMQ: trimming by length took what nobody had read.
    @Test func `nothing that waits is trimmed, whatever ends before and behind it`() async throws {
        try await queue.fill(300)
        let first = try await queue.turn().runs
        let second = try await queue.turn().runs
        _ = try await queue.turn(0, second.map(\.completes))
        _ = try await queue.turn(0, first.reversed().map(\.completes))
        #expect(try await queue.length("normal") == 100)
        #expect(try await queue.runAll(7).count == 100)
    }

    // swift-jobs-valkey, glide-mq: two versions of a program replaced each other's functions for ever.
    @Test func `a library tells its version, and one of another version is not loaded over it unasked`() async throws {
        let queue = try await Self.versions.queue()
        let older = Library.source.replacing(
            "local VERSION, COMPATIBLE = \(Library.Version.own.number), ", with: "local VERSION, COMPATIBLE = 1, ")
        #expect(older != Library.source)
        await #expect(throws: RedisError.self) { try await queue.redis("FUNCTION", "LOAD", older) }
        #expect(try await queue.call("version", "x").first == "\(Library.Version.own.number)")
        let words = Self.words(try await queue.redis("FUNCTION", "LIST", "LIBRARYNAME", "penstock"))
        #expect(words.contains("version \(Library.Version.own.number) compatible \(Library.Version.own.compatible)"))
    }

    @Test func `a newer version goes on with what an older one left`() async throws {
        let queue = try await Self.versions.queue()
        // As version 1 wrote it: parked under its type without a lane in its header, a completed key, a run.
        try await queue.enqueue("t", "{}", "id", "run", "unique", "u")
        let run = try await queue.claimOne()
        try await queue.poison("old", "{\"type\":\"push\",\"enqueuedAt\":1000,\"n\":7,\"priority\":\"high\"}\n{}")
        let member = "push\0\u{31}\0000000000000007\0old"
        try await queue.redis("ZADD", queue.key("parked"), "0", "type:" + member)
        #expect(try await queue.state("old") == "parked")
        try await queue.call("renew", "w1", "99999", "last", "1", "push")
        let old = try await queue.claimOne()
        #expect(old.id == "old" && old.level == "high")
        // The library is replaced by the next one in the middle of a run.
        let newer = Library.source.replacing(
            "local VERSION, COMPATIBLE = \(Library.Version.own.number), ", with: "local VERSION, COMPATIBLE = 99, ")
        try await queue.redis("FUNCTION", "LOAD", "REPLACE", newer)
        #expect(try await queue.turn(0, [run.completes, old.completes]).answers == ["OK", "OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "run"])
    }

    /// All strings of a reply, however deep.
    private static func words(_ reply: Reply) -> [String] {
        reply.array?.flatMap { words($0) } ?? reply.string.map { [$0] } ?? []
    }

    /// Its hour of silence is over at once.
    private static let impatient = Lab(
        source: Library.source.replacing("local CONSUMER_IDLE = 3600000", with: "local CONSUMER_IDLE = -1"))
    private static let versions = Lab()
}
