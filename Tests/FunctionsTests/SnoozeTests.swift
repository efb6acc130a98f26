import Redis
import Testing

/// Outcomes that are neither success nor failure, and what spreads failures.
@Suite struct SnoozeTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a skipped job is done, neither failed nor retried, and its event says why`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u", "scope", "until-finished")
        #expect(try await queue.settle(queue.claimOne().ends("skipped", "no \"change\"")) == ["OK"])
        #expect(try await queue.job(id) == nil)
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "completed" && event["result"] == "{\"skipped\":\"no \\\"change\\\"\"}")
        #expect(event["error"] == nil)
        #expect(try await queue.stat("skipped") == 1)
        #expect(try await queue.stat("completed") == 1)
        #expect(try await queue.stat("failed") == 0)
        #expect(try await queue.stat("retried") == 0)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
        try await queue.expectClean()
    }

    @Test func `a snoozed job comes again later and is charged no attempt`() async throws {
        let payload = String(repeating: "p", count: 2_000)
        let id = try await queue.enqueue("t", payload, "priority", "high", "attempts", "1", "unique", "u")
        for count in 1...3 {
            let run = try await queue.claimOne()
            #expect(run.header["attempt"] == nil && run.header["lastError"] == nil && run.level == "high")
            #expect(try await queue.settle(run.ends("snooze", "5000")) == ["OK"])
            #expect(try await queue.job(id)?["due"] == "\(queue.clock() + 5_000)")
            #expect(try await queue.header(id)["snoozes"] == "\(count)")
            #expect(try await queue.job(id)?["history"] == nil)
            #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", id])
            try await queue.pass(4_999)
            #expect(try await queue.turn(1).runs.isEmpty)
            try await queue.pass(1)
        }
        #expect(try await queue.kinds() == ["snoozed", "snoozed", "snoozed"])
        #expect(try await queue.stat("snoozed") == 3)
        #expect(try await queue.stat("failed") == 0)
        #expect(try await queue.claimOne().payload.readableBytes == 2_000)
        try await queue.expectClean()
    }

    @Test(
        "an outcome that is wrong does nothing",
        arguments: [["snooze"], ["snooze", "soon"], ["snooze", "-1"], ["skipped"], ["snoozed", "1"]])
    func invalid(verb: [String]) async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        #expect(try await queue.refusal("turn", ["w1", "0"] + run.name + ["1", "1"] + verb) == "INVALID")
        #expect(try await queue.state(id) == "running")
    }

    @Test func `a budget spreads the retries of an outage, and a few retries are not delayed by it`() async throws {
        // Two a second, five at once.
        try await queue.config("retries:type:t", "2/1000/5")
        let now = try await queue.clock()
        try await queue.fill(25)
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs[..<3].map { $0.ends("retry", "100", "e") })
        #expect(try await dues(runs[..<3]) == [now + 100, now + 100, now + 100])
        _ = try await queue.turn(0, runs[3...].map { $0.ends("retry", "100", "e") })
        let late = try await dues(runs[3...]).map { $0 - now }
        #expect(late == [100, 100] + (1...20).map { 500 * $0 })
        for second in 1...10 {
            try await queue.pass(second == 1 ? 1_001 : 1_000)
            let count = try await queue.turn().runs.count
            #expect(count == (second == 1 ? 7 : 2), "second \(second)")
        }
    }

    @Test func `a budget of every type counts each type for itself, and one type may have its own`() async throws {
        try await queue.config("retries", "1/1000", "retries:type:free", "1000000/1/1000000")
        let now = try await queue.clock()
        for type in ["a", "b", "free"] {
            for number in 0..<3 { try await queue.enqueue(type, "{}", "id", "\(type)\(number)") }
        }
        let runs = try await queue.turn().runs
        _ = try await queue.turn(0, runs.map { $0.ends("retry", "0", "e") })
        #expect(try await dues(runs[...]).map { $0 - now } == [0, 1_000, 2_000, 0, 1_000, 2_000, 0, 0, 0])
    }

    @Test func `a longer delay than the budget asks for stays, and a snooze has no budget`() async throws {
        try await queue.config("retries", "1/1000")
        let now = try await queue.clock()
        try await queue.fill(4)
        let runs = try await queue.turn().runs
        let outcomes = [
            runs[0].ends("retry", "60000", "e"), runs[1].ends("snooze", "0"), runs[2].ends("snooze", "10"),
            runs[3].ends("retry", "60000", "e"),
        ]
        _ = try await queue.turn(0, outcomes)
        #expect(try await dues(runs[...]).map { $0 - now } == [60_000, 0, 10, 60_000])
    }

    @Test func `a budget that is absurdly small delays for a long time, and loses no job`() async throws {
        try await queue.config("retries", "1/99999999999")
        for _ in 0..<11 {
            try await queue.fill(100)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map { $0.ends("retry", "0", "e") })
        }
        #expect(try await queue.findings().isEmpty)
        try await queue.makeDue()
        while try await queue.call("sweep")[3] == "more" {}
        #expect(try await queue.runAll().count == 1_100)
    }

    /// When they are due; what is due already counts from now.
    private func dues(_ runs: ArraySlice<Run>) async throws -> [Int] {
        let now = try await queue.clock()
        var dues: [Int] = []
        for run in runs { dues.append(Int(try await queue.job(run.id)?["due"] ?? "") ?? now) }
        return dues
    }
}
