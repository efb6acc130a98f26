import Redis
import Testing

/// A Redis at its `maxmemory` refuses new jobs and still drains.
@Suite(.serialized) struct FullRedisTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.redis("CONFIG", "SET", "maxmemory", "0")
        try await queue.config("record", "yes")
        for number in 0..<6 { try await queue.enqueue("t", "{}", "id", "job\(number)", "unique", "u\(number)") }
        try await queue.enqueue("t", "{}", "id", "due", "delay", "60000")
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", "due")
    }

    private func fill() async throws { try await queue.redis("CONFIG", "SET", "maxmemory", "1") }

    @Test func `new jobs are refused and nothing of them is kept`() async throws {
        try await fill()
        #expect(try await queue.refusal("enqueue", ["t", "{}", "id", "new", "unique", "new"]) == "OOM")
        #expect(try await queue.refusal("enqueue_many", ["2", "t", "{}"]) == "OOM")
        #expect(try await queue.refusal("requeue", ["job0"]) == "OOM")
        #expect(try await queue.refusal("configure", ["lease", "5000"]) == "OOM")
        try await queue.redis("CONFIG", "SET", "maxmemory", "0")
        #expect(try await queue.job("new") == nil)
        #expect(try await queue.stat("accepted") == 7)
    }

    @Test func `all that waits is claimed, settled in every way and recorded`() async throws {
        try await fill()
        let runs = try await queue.turn().runs
        #expect(runs.count == 7)
        #expect(try await queue.call("renew", "w1", "60000", "last", "1", "t").count == 5)
        let outcomes = [
            runs[0].completes, runs[1].ends("retry", "0", "e"), runs[2].ends("dead", "e"), runs[3].ends("release"),
            runs[4].ends("unhandled"), runs[5].ends("cancelled"),
        ]
        #expect(Set(try await queue.turn(0, outcomes).answers) == ["OK"])
        try await queue.age(runs[6], 30_001)
        #expect(try await queue.call("recover")[2] == "hold")
        try await queue.call("renew", "w1", "0", "last", "1", "t")
        let again = try await queue.turn().runs
        #expect(again.count == 4)
        #expect(Set(try await queue.turn(0, again.map(\.completes)).answers) == ["OK"])
        let reply = try #require(try await queue.reply("events", ["sink"]).array)
        #expect(!reply.isEmpty)
        let ids = try await queue.redis("XRANGE", queue.key("events"), "-", "+").array?.compactMap {
            $0.array?[0].string
        }
        #expect(try await queue.reply("recorded", ids ?? []).integer == ids?.count)
    }

    @Test func `operators can still look, cancel, pause and sweep`() async throws {
        try await fill()
        #expect(try await queue.call("sweep")[0] == "1")
        #expect(try await queue.call("cancel", "job0") == ["cancelled", "job0"])
        #expect(try await queue.call("pause").first == "paused")
        #expect(try await queue.call("resume").first == "resumed")
        #expect(try await queue.state("job1") == "waiting")
        #expect(try await queue.backlog()["waiting:normal"] == "6")
        #expect(try await queue.reply("version", [], readOnly: true).strings?.count == 2)
    }

    @Test func `readers are read only`() async throws {
        for function in ["job", "backlog", "version"] {
            _ = try await queue.reply(function, function == "job" ? ["job0"] : [], readOnly: true)
        }
        for function in ["turn", "sweep", "cancel"] {
            await #expect(throws: RedisError.self) { try await queue.reply(function, ["job0"], readOnly: true) }
        }
    }
}
