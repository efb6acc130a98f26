import Redis
import Testing

@Suite struct RenewTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a renewed run is not recovered`() async throws {
        try await queue.fill(2)
        let runs = try await queue.turn().runs
        for run in runs { try await queue.age(run, 29_000) }
        let reply = try await renew("w1", [runs[0]], "more")
        #expect(reply[1] == "30000" && reply[4...] == ["done", "OK"])
        let idle = try await idleTime(runs[0])
        #expect(idle < 20_000)
        try await queue.age(runs[1], 30_001)
        #expect(try await queue.recover() == ["1", "0", "done"])
        #expect(try await queue.state(runs[0].id) == "running")
        #expect(try await queue.state(runs[1].id) == "waiting")
    }

    @Test func `a stranger renews nothing and steals nothing`() async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne(by: "owner")
        try await queue.age(run, 29_000)
        #expect(try await renew("thief", [run])[5...] == ["LOST"])
        #expect(try await queue.job(run.id)?["worker"] == "owner")
        #expect(try await idleTime(run) >= 29_000)
        #expect(try await renew("owner", [run])[5...] == ["OK"])
    }

    @Test func `a run that is over, recovered or misnamed is LOST`() async throws {
        try await queue.fill(4)
        let runs = try await queue.turn().runs
        _ = try await queue.settle(runs[0].completes)
        try await queue.age(runs[1], 30_001)
        _ = try await queue.recover()
        var otherJob = runs[2]
        otherJob.id = runs[3].id
        var otherLevel = runs[3]
        otherLevel.level = "high"
        let words = ["w1", "60000", "last", "0"] + [runs[0], runs[1], otherJob, otherLevel].flatMap(\.name)
        let extra = ["nowhere", "x", "y", "z"] + runs[2].name.dropLast() + ["0"] + runs[2].name
        let reply = try #require(try await queue.reply("renew", words + extra).strings)
        #expect(reply[5...] == ["LOST", "LOST", "LOST", "LOST", "LOST", "LOST", "OK"])
    }

    @Test func `when Redis has lost everything, every run is LOST`() async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne()
        for stream in queue.streams + ["jobs", "stats"] { try await queue.redis("DEL", queue.key(stream)) }
        #expect(try await renew("w1", [run])[5...] == ["LOST"])
        #expect(try await queue.settle(run.completes) == ["LOST"])
    }

    @Test func `what a worker does not know is released, but only after a period`() async throws {
        try await queue.fill(3)
        let known = try await queue.claimOne()
        // The reply of this turn is lost.
        let unknown = try await queue.turn().runs
        #expect(try await renew("w1", [known])[2] == "0")
        try await queue.age(known, 100_001)
        for run in unknown { try await queue.age(run, 100_001) }
        #expect(try await renew("w2", [])[2] == "0")
        let reply = try await renew("w1", [known])
        #expect(reply[2] == "2" && reply[5...] == ["OK"])
        let again = try await queue.turn(by: "w2").runs
        #expect(Set(again.map(\.id)) == Set(unknown.map(\.id)))
        #expect(again.allSatisfy { $0.header["attempt"] == nil && $0.header["crashes"] == nil })
        #expect(try await queue.state(known.id) == "running")
        #expect(try await queue.kinds() == ["released", "released"])
    }

    @Test func `a worker of many runs names them in several calls, and only the last releases`() async throws {
        for _ in 0..<2 { try await queue.fill(75) }
        let runs = try await queue.turn(100).runs + queue.turn(100).runs
        for run in runs { try await queue.age(run, 100_001) }
        let first = try await renew("w1", Array(runs[..<100]), "more")
        #expect(first[2] == "0" && first.count == 105)
        let second = try await renew("w1", Array(runs[100...]), "last")
        #expect(second[2] == "0" && second.count == 55)
        #expect(try await queue.waiting() == 0)
    }

    @Test func `more than a hundred runs in a call, and other nonsense, is INVALID`() async throws {
        let run = ["normal", "1-1", "a", "1"]
        let many = [[String]](repeating: run, count: 101).flatMap { $0 }
        for words in [
            ["w1", "1", "last", "0"] + many, [], ["w1"], ["w1", "x", "last", "0"], ["w1", "1", "maybe", "0"],
            ["w1", "1", "last", "2", "t"], ["w1", "1", "last", "0", "normal", "1-1", "a"],
        ] {
            #expect(try await queue.refusal("renew", words) == "INVALID", "\(words.prefix(5))")
        }
    }

    @Test func `the last call of a worker gives everything back at once, a hundred at a time`() async throws {
        for level in ["critical", "low"] { try await queue.fill(75, "priority", level) }
        _ = try await queue.turn()
        _ = try await queue.turn()
        let first = try await queue.call("renew", "w1", "0", "last", "0")
        #expect(first[2] == "100" && first[4] == "more")
        let second = try await queue.call("renew", "w1", "0", "last", "0")
        #expect(second[2] == "50")
        let back = try await queue.turn(by: "w2").runs
        #expect(back.count == 100 && back.allSatisfy { $0.level == "returned" })
        #expect(back.allSatisfy { $0.header["attempt"] == nil && $0.header["crashes"] == nil })
    }

    private func renew(_ consumer: String, _ runs: [Run], _ word: String = "last") async throws -> [String] {
        try #require(
            try await queue.reply("renew", [consumer, "100000", word, "0"] + runs.flatMap(\.name)).strings)
    }

    private func idleTime(_ run: Run) async throws -> Int {
        Int(try await queue.job(run.id)?["idle"] ?? "") ?? -1
    }
}
