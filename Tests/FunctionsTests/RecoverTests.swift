import Redis
import Testing

@Suite struct RecoverTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `exactly the overdue runs are recovered`() async throws {
        try await queue.config("lease", "600000")
        try await queue.fill(3)
        let runs = try await queue.turn().runs
        try await queue.age(runs[0], 600_001)
        try await queue.age(runs[1], 300_000)
        #expect(try await queue.recover() == ["1", "0", "done"])
        #expect(try await queue.state(runs[0].id) == "waiting")
        #expect(try await queue.state(runs[1].id) == "running")
        #expect(try await queue.state(runs[2].id) == "running")
        #expect(try await queue.recover() == ["0", "0", "done"])
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "recovered" && event["run"] == "normal \(runs[0].entry) - - w1")
        #expect(try await queue.stat("recovered") == 1)
    }

    @Test func `the lease is the queue's`() async throws {
        try await queue.config("lease", "1000")
        try await queue.enqueue()
        let turn = try await queue.turn()
        #expect(turn.lease == 1_000)
        try await queue.age(turn.runs[0], 1_001)
        #expect(try await queue.recover() == ["1", "0", "done"])
    }

    @Test func `a recovered job is claimed before all others, and keeps its level`() async throws {
        try await queue.enqueue("t", "{}", "priority", "low", "id", "slow")
        try await queue.age(queue.claimOne(by: "dead"), 30_001)
        try await queue.enqueue("t", "{}", "priority", "critical")
        _ = try await queue.recover()
        let run = try await queue.claimOne()
        #expect(run.id == "slow" && run.level == "returned")
        #expect(run.header["priority"] == "low" && run.header["crashes"] == "1" && run.header["attempt"] == nil)
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        let runs = try await queue.turn().runs
        #expect(runs.map(\.level) == ["critical", "low"])
        #expect(runs[1].header["crashes"] == "1")
    }

    @Test func `a job whose worker vanishes three times is dead`() async throws {
        let id = try await queue.enqueue("t", "{\"poison\":1}", "unique", "u")
        for crash in 1...3 {
            try await queue.age(queue.claimOne(by: "w\(crash)"), 30_001)
            #expect(try await queue.recover() == (crash < 3 ? ["1", "0", "done"] : ["0", "1", "done"]))
        }
        #expect(try await queue.state(id) == "dead")
        #expect(try await queue.kinds() == ["recovered", "recovered", "dead"])
        #expect(try await queue.events().last?["payload"] == "{\"poison\":1}")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
    }

    @Test func `after an absence of half a lease nothing is recovered for another half`() async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne()
        try await queue.age(run, 60_000)
        // Never called before: nobody knows how long Redis was away.
        #expect(try await queue.call("recover") == ["0", "0", "hold"])
        #expect(try await queue.call("recover") == ["0", "0", "hold"])
        try await passHold()
        #expect(try await queue.call("recover") == ["1", "0", "done"])
        let second = try await queue.claimOne()
        try await queue.age(second, 60_000)
        try await queue.redis("HSET", queue.key("stats"), "recoveredAt", String(queue.now() - 15_100))
        #expect(try await queue.call("recover") == ["0", "0", "hold"])
        // The living renew meanwhile.
        try await queue.reply("renew", ["w1", "10000", "last", "0"] + second.name).strings.map {
            #expect($0[5] == "OK")
        }
        try await passHold()
        #expect(try await queue.call("recover") == ["0", "0", "done"])
        #expect(try await queue.state(second.id) == "running")
    }

    @Test func `the hold ends half a lease from now at the latest, whatever the clock did`() async throws {
        try await queue.enqueue()
        try await queue.age(queue.claimOne(), 60_000)
        let now = try await queue.now()
        try await queue.redis(
            "HSET", queue.key("stats"), "recoveredAt", String(now), "recoverAfter", String(now + 86_400_000))
        #expect(try await queue.call("recover") == ["0", "0", "hold"])
        try await passHold()
        #expect(try await queue.call("recover") == ["1", "0", "done"])
    }

    @Test func `a call recovers a hundred runs and says that there is more`() async throws {
        for _ in 0..<2 { try await queue.fill(75) }
        let runs = try await queue.turn().runs + queue.turn().runs
        for run in runs { try await queue.age(run, 30_001) }
        #expect(try await queue.recover() == ["100", "0", "more"])
        #expect(try await queue.recover() == ["50", "0", "done"])
        #expect(try await queue.waiting() == 150)
    }

    @Test("a pending entry that is no run any more stops no other's recovery", arguments: ["entry", "job", "life"])
    func stray(missing: String) async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        try await queue.enqueue("t", "{}", "id", "b")
        let runs = try await queue.turn().runs
        for run in runs { try await queue.age(run, 30_001) }
        switch missing {
        case "entry": try await queue.redis("XDEL", queue.key("normal"), runs[0].entry)
        case "job": try await queue.redis("HDEL", queue.key("jobs"), "a")
        default: try await queue.poison("a", "{\"type\":\"t\",\"entry\":\"5-5\"}\n{}")
        }
        #expect(try await queue.recover() == ["1", "0", "done"])
        #expect(try await queue.turn().runs.map(\.id) == ["b"])
        #expect(try await queue.kinds() == ["recovered"])
    }

    @Test func `an empty queue can be recovered`() async throws {
        #expect(try await queue.recover() == ["0", "0", "done"])
    }

    private func passHold() async throws {
        let after = try await queue.stat("recoverAfter")
        let now = try await queue.now()
        #expect((now + 5_000...now + 15_000).contains(after))
        try await queue.redis("HSET", queue.key("stats"), "recoverAfter", String(now))
    }
}
