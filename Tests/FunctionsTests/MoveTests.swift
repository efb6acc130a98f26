import Redis
import Testing

/// Another level or another time for a job.
@Suite struct MoveTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let states = ["waiting", "returned", "delayed", "retried", "parked", "unhandled", "fair"]

    @Test("a job moves to another level from wherever it waits", arguments: states)
    func level(state: String) async throws {
        try await bring("a", to: state)
        let due = try await queue.job("a")?["due"]
        _ = try await queue.rung()
        #expect(try await queue.call("move", "a", "priority", "critical") == ["moved", "a"])
        #expect(try await queue.rung())
        #expect(try await queue.job("a")?["due"] == due, "its time stays")
        try await queue.expectClean()
        if state == "parked" { try await queue.config("concurrency:key", "0") }
        try await queue.makeDue()
        let run = try await queue.claimOne()
        #expect(run.id == "a" && run.header["priority"] == "critical")
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.claimed() == [])
        try await queue.expectClean()
    }

    @Test(
        "a mistake is told with its value and what would be right",
        arguments: [
            (["priority", "urgent"], "priority is critical, high, normal or low (0 to 3), not \"urgent\""),
            (["delay", "1s"], "delay is milliseconds, up to 99999999999, not \"1s\""),
            (["delay"], "option delay has no value"), (["colour", "red"], "unknown option \"colour\""),
        ])
    func texts(options: [String], text: String) async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        await #expect(throws: RedisError.server(code: "INVALID", message: text)) {
            try await queue.reply("move", ["a"] + options)
        }
    }

    @Test("a job moves to another time from wherever it waits", arguments: states)
    func time(state: String) async throws {
        try await bring("a", to: state)
        let attempt = try await queue.header("a")["attempt"]
        #expect(try await queue.call("move", "a", "delay", "5000") == ["moved", "a"])
        #expect(try await queue.job("a")?["due"] == "\(queue.clock() + 5_000)")
        #expect(try await queue.header("a")["runAt"] == "\(queue.clock() + 5_000)")
        #expect(try await queue.claimed() == [])
        #expect(try await queue.waiting() == 0)
        try await queue.expectClean()
        if state == "parked" { try await queue.config("concurrency:key", "0") }
        try await queue.pass(5_000)
        let run = try await queue.claimOne()
        #expect(run.id == "a" && run.header["attempt"] == attempt)
        #expect(run.header["priority"] == nil)
        try await queue.expectClean()
    }

    @Test func `a delay of 0 is now`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "delay", "60000")
        try await queue.call("move", "a", "delay", "0", "priority", "3")
        #expect(try await queue.claimOne().level == "low")
    }

    @Test func `moved to its own level, a job goes to the end of it`() async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id) }
        try await queue.call("move", "a", "priority", "normal")
        #expect(try await queue.claimed() == ["b", "a"])
    }

    @Test func `so it does behind a limit`() async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["running", "a", "b"] { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        let run = try #require(try await queue.turn().runs.first)
        try await queue.call("move", "a", "priority", "normal")
        #expect(try await queue.claimed() == [])
        #expect(try await queue.turn(1, [run.completes]).runs.map(\.id) == ["b"])
    }

    @Test("a running or dead job is not moved, nor one that is not there", arguments: ["move", "depart"])
    func refused(verb: String) async throws {
        let words = verb == "move" ? ["delay", "0"] : ["elsewhere"]
        try await queue.enqueue("t", "{}", "id", "a")
        let run = try await queue.claimOne()
        #expect(try await queue.refusal(verb, ["a"] + words) == "INVALID")
        #expect(try await queue.state("a") == "running")
        #expect(try await queue.settle(run.ends("dead", "e")) == ["OK"])
        #expect(try await queue.refusal(verb, ["a"] + words) == "INVALID")
        #expect(try await queue.state("a") == "dead")
        #expect(try await queue.refusal(verb, ["nobody"] + words) == "UNKNOWN")
        #expect(try await queue.refusal(verb, []) == "INVALID")
        try await queue.expectClean()
    }

    @Test(
        "what a move cannot do changes nothing",
        arguments: [
            ["priority", "urgent"], ["priority"], ["delay", "soon"], ["delay", "-1"], ["delay", "100000000000"],
            ["colour", "red"], ["delay", "5", "colour", "red"],
        ])
    func invalid(words: [String]) async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        #expect(try await queue.refusal("move", ["a"] + words) == "INVALID")
        #expect(try await queue.claimed() == ["a"])
    }

    /// Brings one job of key `k` there; of the states that need another job, that one runs.
    private func bring(_ id: String, to state: String) async throws {
        if state == "fair" { try await queue.config("fair", "yes") }
        if state == "parked" {
            try await queue.config("concurrency:key", "1")
            try await queue.enqueue("t", "{}", "key", "k", "id", "before")
            _ = try await queue.claimOne()
        }
        let delay = state == "delayed" ? ["delay", "60000"] : []
        _ = try await queue.reply("enqueue", ["t", "{}", "id", id, "key", "k"] + delay)
        switch state {
        case "returned": #expect(try await queue.settle(queue.claimOne().ends("release")) == ["OK"])
        case "retried": #expect(try await queue.settle(queue.claimOne().ends("retry", "60000", "e")) == ["OK"])
        case "unhandled": #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        case "parked": #expect(try await queue.claimed() == [])
        default: break
        }
        let names = ["returned": "waiting", "retried": "delayed", "unhandled": "parked", "fair": "waiting"]
        #expect(try await queue.state(id) == names[state] ?? state)
    }
}
