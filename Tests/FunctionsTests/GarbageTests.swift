import Redis
import Testing

/// What cannot be read is buried with its bytes and never stops the others, wherever it lies.
@Suite struct GarbageTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.config("record", "yes")
    }

    static let garbage = [
        "", "garbage", "\n", "[]", "[1,2,3]", "\"text\"", "null", "7", "{", "{}", "{\"type\":\"t\"}",
        "{\"enqueuedAt\":1000}", "{\"type\":7,\"enqueuedAt\":1000}", "{\"type\":\"t\",\"enqueuedAt\":\"1000\"}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"priority\":\"urgent\"}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"priority\":2}", "{\"type\":\"t\",\"enqueuedAt\":1000,\"attempt\":\"1\"}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"crashes\":null}", "{\"type\":\"t\",\"enqueuedAt\":1000,\"unique\":[]}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"entry\":\"soon\"}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"stream\":\"low\"}",
        "{\"type\":\"t\",\"enqueuedAt\":1e999}", "{\"type\":\"t\",\"enqueuedAt\":nan}",
        "{\"type\":\"t\",\"enqueuedAt\":-1}", "{\"type\":\"t\",\"enqueuedAt\":1e14}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"later\":1e999}",
        "{\"type\":\"t\",\"enqueuedAt\":1000,\"later\":{\"deep\":nan}}",
        String(repeating: "[", count: 5_000),
    ]

    @Test("while it waits", arguments: garbage)
    func waiting(text: String) async throws {
        let (bad, good) = try await two()
        try await queue.poison(bad, text)
        #expect(try await queue.refusal("cancel", [bad]) == "INVALID")
        #expect(try await queue.job(bad) == ["state": "unreadable", "raw": text])
        let turn = try await queue.turn()
        #expect(turn.runs.map(\.id) == [good])
        try await expectBuried(bad, text)
        try await expectEndsClean(turn.runs)
    }

    @Test("while it runs and is renewed, settled", arguments: garbage)
    func settled(text: String) async throws {
        let (bad, good) = try await two()
        let runs = try await queue.turn().runs
        try await queue.poison(bad, text)
        let renewal = try await queue.reply("renew", ["w1", "60000", "last", "0"] + runs.flatMap(\.name)).strings
        #expect(renewal?[5...] == ["LOST", "OK"])
        let answers = try await queue.turn(0, [runs[0].completes, runs[1].completes]).answers
        #expect(answers == ["OK", "OK"])
        try await expectBuried(bad, text)
        #expect(try await queue.job(good) == nil)
        try await expectEndsClean([])
    }

    @Test("while it runs and its worker dies", arguments: garbage)
    func recovered(text: String) async throws {
        let (bad, good) = try await two()
        for run in try await queue.turn().runs { try await queue.age(run, 30_001) }
        try await queue.poison(bad, text)
        #expect(try await queue.recover() == ["1", "1", "done"])
        try await expectBuried(bad, text)
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == [good])
        try await expectEndsClean(runs)
    }

    @Test("while it runs and its worker forgot it", arguments: garbage)
    func released(text: String) async throws {
        let (bad, good) = try await two()
        _ = try await queue.turn()
        try await queue.poison(bad, text)
        try await queue.call("renew", "w1", "0", "last", "0")
        try await expectBuried(bad, text)
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == [good])
        try await expectEndsClean(runs)
    }

    @Test("while it is delayed", arguments: garbage)
    func delayed(text: String) async throws {
        let (bad, good) = try await two("delay", "60000")
        try await queue.poison(bad, text)
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", bad, "2", good)
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == [good])
        try await expectBuried(bad, text)
        try await expectEndsClean(runs)
    }

    @Test("while it is parked", arguments: garbage)
    func parked(text: String) async throws {
        let (bad, good) = try await two()
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.map { $0.ends("unhandled") })
        try await queue.poison(bad, text)
        try await queue.call("renew", "w1", "60000", "last", "1", "t")
        try await expectBuried(bad, text)
        let back = try await queue.turn().runs
        #expect(back.map(\.id) == [good])
        try await expectEndsClean(back)
    }

    @Test("while it is dead", arguments: ["cancel", "requeue"], garbage)
    func dead(verb: String, text: String) async throws {
        let (bad, good) = try await two()
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.map { $0.ends("dead", "no") })
        try await queue.poison(bad, text)
        #expect(try await queue.state(bad) == "unreadable")
        #expect(try await queue.refusal(verb, [bad]) == "INVALID")
        try await expectBuried(bad, text)
        #expect(try await queue.backlog()["dead"] == "1")
        #expect(try await queue.call("requeue", good) == ["queued", good])
        try await expectEndsClean(try await queue.turn().runs)
    }

    @Test func `a job without its body is buried, its unique key free`() async throws {
        let bad = try await queue.enqueue("t", String(repeating: "b", count: 2_000), "unique", "u")
        let good = try await queue.enqueue()
        try await queue.redis("HDEL", queue.key("bodies"), bad)
        let line = try await queue.redis("HGET", queue.key("jobs"), bad).string
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == [good])
        #expect(try await queue.events().first?["raw"] == line)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
    }

    @Test("what is buried is not counted as waiting any more", arguments: ["garbage\n{}", "{\"type\":7}\n{}"])
    func counted(text: String) async throws {
        let bad = try await queue.enqueue()
        try await queue.enqueue("t", "{}", "id", "good")
        try await queue.poison(bad, text)
        // A claim that gets what it wants has not seen the end of the stream: it counts.
        #expect(try await queue.turn(1).runs.map(\.id) == ["good"])
        #expect(try await queue.waiting() == 0)
        try await queue.expectClean()
    }

    /// Two jobs, the first with a body of its own.
    private func two(_ options: String...) async throws -> (String, String) {
        func add(_ payload: String) async throws -> String {
            try #require(try await queue.reply("enqueue", ["t", payload] + options).strings?.last)
        }
        return (try await add(Self.body), try await add("{}"))
    }

    private static let body = String(repeating: "b", count: 2_000)

    private func expectBuried(_ id: String, _ text: String) async throws {
        let event = try #require(try await queue.events().last { $0["id"] == id })
        #expect(event["kind"] == "dead")
        #expect(event["raw"] == text + "\n" + Self.body)
        #expect(try await queue.job(id) == nil)
        #expect(try await queue.integer("HEXISTS", queue.key("bodies"), id) == 0)
        #expect(try await queue.stat("dead") >= 1)
    }

    private func expectEndsClean(_ runs: [Run]) async throws {
        #expect(try await queue.turn(0, runs.map(\.completes)).answers == runs.map { _ in "OK" })
        #expect(try await queue.waiting() == 0)
        for stream in queue.streams { #expect(try await queue.length(stream) == 0, "\(stream)") }
    }
}
