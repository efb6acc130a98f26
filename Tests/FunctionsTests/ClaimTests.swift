import NIOCore
import Redis
import Testing

@Suite struct ClaimTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `jobs of one level are claimed in the order in which they came`() async throws {
        var ids: [String] = []
        for number in 0..<30 { ids.append(try await queue.enqueue("t", "\(number)")) }
        var claimed: [String] = []
        for _ in 0..<3 { claimed += try await queue.turn(10).runs.map(\.id) }
        #expect(claimed == ids)
    }

    @Test func `a claim hands out no more than is wanted, and names the run`() async throws {
        try await queue.fill(5)
        let turn = try await queue.turn(3, by: "w7")
        #expect(turn.runs.count == 3)
        #expect(turn.lease == 30_000)
        #expect(turn.next == -1)
        #expect(turn.flag == "idle")
        let run = try #require(turn.runs.first)
        let job = try #require(try await queue.job(run.id))
        #expect(job["state"] == "running")
        #expect(job["worker"] == "w7")
        #expect(run.header["entry"] == run.entry)
    }

    @Test func `critical jobs are claimed before all levels, and returned ones before them`() async throws {
        for level in ["low", "normal", "high", "critical"] { try await queue.enqueue(level, "{}", "priority", level) }
        let first = try await queue.claimOne()
        #expect(first.level == "critical")
        #expect(try await queue.settle(first.ends("release")) == ["OK"])
        try await queue.enqueue("second", "{}", "priority", "critical")
        let levels = try await queue.turn().runs.map(\.level)
        #expect(levels == ["returned", "critical", "high", "normal", "low"])
    }

    @Test func `many workers at once share the jobs, and none is claimed twice`() async throws {
        try await queue.fill(1_000)
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for worker in 0..<20 {
                group.addTask { [queue] in
                    var ids: [String] = []
                    while true {
                        let runs = try await queue.turn(7, by: "w\(worker)").runs
                        if runs.isEmpty { return ids }
                        ids += runs.map(\.id)
                    }
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(ids.count == 1_000)
        #expect(Set(ids).count == 1_000)
    }

    @Test func `a paused queue settles, promotes and takes jobs, but hands none out`() async throws {
        try await queue.fill(2)
        let run = try await queue.claimOne()
        #expect(try await queue.call("pause") == ["paused", queue.name])
        let delayed = try await queue.enqueue("t", "{}", "delay", "60000")
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", delayed)
        let turn = try await queue.turn(10, [run.completes])
        #expect(turn.answers == ["OK"])
        #expect(turn.runs.isEmpty)
        #expect(turn.flag == "paused")
        #expect(try await queue.state(delayed) == "waiting")
        #expect(try await queue.backlog()["paused"] == "yes")
        #expect(try await queue.call("resume") == ["resumed", queue.name])
        #expect(try await queue.turn().runs.count == 2)
    }

    @Test func `at the bound of unrecorded events nothing is handed out, the rest goes on`() async throws {
        try await queue.config("record", "yes", "maxEvents", "2")
        try await queue.fill(4)
        let runs = try await queue.turn(3).runs
        let turn = try await queue.turn(10, runs.map(\.completes))
        #expect(turn.answers == ["OK", "OK", "OK"])
        #expect(turn.flag == "bound")
        #expect(turn.runs.isEmpty)
        try await queue.enqueue()
        #expect(try await queue.backlog()["events"] == "3")
        let ids = try await queue.redis("XRANGE", queue.key("events"), "-", "+").array?.compactMap {
            $0.array?[0].string
        }
        try await queue.call("events", "sink")
        #expect(try await queue.reply("recorded", ids ?? []) == .integer(3))
        #expect(try await queue.turn().runs.count == 2)
    }

    @Test func `without a recorder events bound nothing`() async throws {
        try await queue.config("maxEvents", "1")
        try await queue.fill(5)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.turn().runs.count == 3)
    }

    @Test func `claim and finish are the halves of a turn`() async throws {
        try await queue.fill(2)
        let turn = try #require(Turn(try await queue.reply("claim", ["w1", "5"]), consumer: "w1"))
        #expect(turn.runs.count == 2)
        let answers = try await queue.reply("finish", ["w1"] + turn.runs.flatMap(\.completes)).strings
        #expect(answers == ["OK", "OK"])
    }

    @Test(
        "a turn that cannot be understood does nothing",
        arguments: [
            [], ["w1"], ["", "1"], ["w1", "101"], ["w1", "-1"], ["w1", "many"],
            ["w1", "1", "normal"], ["w1", "1", "normal", "1-1", "id", "1", "1", "1", "explode"],
            ["w1", "1", "normal", "1-1", "id", "1", "1", "1", "completed"],
            ["w1", "1", "urgent", "1-1", "id", "1", "1", "1", "release"],
            ["w1", "1", "normal", "1-1", "id", "1", "now", "1", "release"],
            ["w1", "1", "normal", "1-1", "id", "1", "1", "1", "retry", "soon", "e"],
        ])
    func invalid(words: [String]) async throws {
        try await queue.enqueue()
        #expect(try await queue.refusal("turn", words) == "INVALID")
        #expect(try await queue.waiting() == 1)
        #expect(try await queue.stat("lost") == 0)
    }

    @Test(
        "neither does a finish",
        arguments: [
            [], [""], ["w1", "normal"], ["w1", "normal", "1-1", "id", "1", "1", "1", "explode"],
            ["w1", "normal", "1-1", "id", "1", "1", "1", "completed"],
        ])
    func invalidFinish(words: [String]) async throws {
        #expect(try await queue.refusal("finish", words) == "INVALID")
        #expect(try await queue.refusal("claim", Array(words.prefix(1))) == "INVALID")
        #expect(try await queue.redis("KEYS", queue.key("*")) == .array([]))
    }

    @Test func `a turn takes a hundred outcomes and not one more`() async throws {
        try await queue.fill(100)
        let runs = try await queue.turn().runs
        let one = ["normal", "1-1", "x", "1", "1", "1", "release"]
        #expect(try await queue.refusal("turn", ["w1", "0"] + runs.flatMap(\.completes) + one) == "INVALID")
        #expect(try await queue.turn(0, runs.map(\.completes)).answers == [String](repeating: "OK", count: 100))
    }
}
