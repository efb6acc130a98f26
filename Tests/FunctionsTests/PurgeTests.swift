import Redis
import Testing

@Suite struct PurgeTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test(
        "what is asked for goes, and nothing else",
        arguments: [
            ([], ["waiting", "stream", "delayed", "parked", "unhandled"]),
            (["state", "waiting"], ["waiting", "stream"]),
            (["state", "delayed"], ["delayed"]), (["state", "parked"], ["parked", "unhandled"]),
            (["state", "dead"], ["dead"]), (["type", "waiting"], ["waiting"]), (["type", "dead"], []),
            (["type", "dead", "state", "dead"], ["dead"]), (["type", "running"], []),
            (["state", "delayed", "type", "waiting"], []),
        ])
    func asked(words: [String], gone: [String]) async throws {
        let all = try await populate()
        #expect(try await purge(words) == gone.count)
        for id in all { #expect(try await (queue.state(id) == nil) == gone.contains(id), "\(id)") }
        try await queue.expectClean()
        let cancelled = gone.filter { $0 != "dead" }
        #expect(try await queue.stat("cancelled") == cancelled.count)
        let events = try await queue.events().filter { $0["error"] == "purged" }
        #expect(Set(events.compactMap { $0["id"] }) == Set(cancelled))
        #expect(events.allSatisfy { $0["kind"] == "cancelled" })
        for id in gone { #expect(try await queue.call("enqueue", "t", "{}", "unique", id).first == "queued") }
    }

    @Test func `what is left of the queue works`() async throws {
        _ = try await populate()
        #expect(try await purge([]) == 5)
        #expect(try await queue.claimed() == [])
        #expect(try await queue.waiting() == 0)
        let run = try await queue.claimAgain("running")
        #expect(try await queue.turn(5, [run.completes]).answers == ["OK"])
        try await queue.enqueue("parked", "{}", "key", "k", "id", "new")
        #expect(try await queue.claimed() == ["new"])
        try await queue.expectClean()
    }

    @Test func `a large queue is purged page by page, and every job goes`() async throws {
        try await queue.fill(1_500)
        try await queue.fill(1_500, "delay", "60000")
        #expect(try await purge([]) == 3_000)
        #expect(try await queue.integer("HLEN", queue.key("jobs")) == 0)
        #expect(try await queue.stat("bytes") == 0)
        #expect(try await queue.waiting() == 0)
        try await queue.expectClean()
    }

    @Test func `what cannot be read stays for the claim that buries it`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        try await queue.poison("a", "garbage\n{}")
        #expect(try await purge([]) == 0)
        #expect(try await queue.claimed() == [])
        #expect(try await queue.job("a") == nil)
    }

    @Test(
        "what cannot be understood purges nothing",
        arguments: [
            [], ["all"], ["-1"], ["0", "state"], ["0", "state", "running"], ["0", "state", "completed"],
            ["0", "type", ""], ["0", "level", "low"],
        ])
    func invalid(words: [String]) async throws {
        try await queue.enqueue()
        #expect(try await queue.refusal("purge", words) == "INVALID")
        #expect(try await queue.waiting() == 1)
    }

    private func purge(_ words: [String]) async throws -> Int {
        var (cursor, sum) = ("0", 0)
        repeat {
            let reply = try #require(try await queue.reply("purge", [cursor] + words).strings)
            cursor = reply[0]
            sum += Int(reply[1]) ?? 0
        } while cursor != "0"
        return sum
    }

    /// One job of each state, with a unique key, id and type named after it.
    private func populate() async throws -> [String] {
        try await queue.config("concurrency:key", "1")
        func add(_ id: String, _ options: String...) async throws {
            _ = try await queue.reply("enqueue", [id, "{}", "id", id, "unique", id] + options)
        }
        try await add("dead")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
        try await add("unhandled")
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        try await add("running", "key", "k")
        try await add("parked", "key", "k")
        #expect(try await queue.claimed() == ["running"])
        try await add("delayed", "delay", "60000")
        try await add("waiting")
        try await add("stream", "priority", "low")
        return ["dead", "unhandled", "running", "parked", "delayed", "waiting", "stream"]
    }
}
