import NIOCore
import Redis
import Testing

@Suite struct EventsTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.config("record", "yes")
    }

    @Test func `events come in order, each once, until they are recorded`() async throws {
        let jobs = try await complete(30)
        let first = try await read("sink1")
        #expect(first.map(\.fields["id"]) == jobs)
        #expect(try await read("sink1").isEmpty)
        #expect(try await read("sink2").isEmpty)
        #expect(try await recorded(Array(first[..<10])) == 10)
        #expect(try await recorded(Array(first[..<10])) == 0)
        #expect(try await queue.length("events") == 20)
        #expect(try await recorded(Array(first[10...]).shuffled()) == 20)
        #expect(try await queue.length("events") == 0)
    }

    @Test func `another sink takes over what was read and not recorded for 30 seconds`() async throws {
        let jobs = try await complete(3)
        let first = try await read("sink1")
        let late = try await complete(1)
        for event in first[..<2] {
            try await queue.redis(
                "XCLAIM", queue.key("events"), "sink", "sink1", "0", event.id, "IDLE", "30001", "JUSTID")
        }
        let second = try await read("sink2")
        #expect(second.map(\.fields["id"]) == Array(jobs[..<2]) + late)
        #expect(try await read("sink3").isEmpty)
        #expect(try await recorded(second + first) == 4)
        #expect(try await queue.length("events") == 0)
    }

    @Test func `a call reads a thousand events at most`() async throws {
        for _ in 0..<11 { _ = try await complete(100) }
        #expect(try await read("sink").count == 1_000)
        #expect(try await read("sink").count == 100)
    }

    @Test func `a call reads about 8 MiB at most`() async throws {
        let payload = String(repeating: "p", count: 1 << 20)
        for _ in 0..<20 {
            try await queue.enqueue("t", payload)
            #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        }
        let counts = [try await read("sink").count, try await read("sink").count, try await read("sink").count]
        #expect(counts.reduce(0, +) == 20)
        #expect(counts.allSatisfy { $0 <= 11 })
    }

    @Test func `what is taken over is about 8 MiB at most too`() async throws {
        let payload = String(repeating: "p", count: 1 << 20)
        for _ in 0..<20 {
            try await queue.enqueue("t", payload)
            #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        }
        let first = try await read("sink1") + read("sink1") + read("sink1")
        for event in first {
            try await queue.redis(
                "XCLAIM", queue.key("events"), "sink", "sink1", "0", event.id, "IDLE", "30001", "JUSTID")
        }
        let counts = [try await read("sink2").count, try await read("sink2").count, try await read("sink2").count]
        #expect(counts.reduce(0, +) == 20)
        #expect(counts.allSatisfy { $0 <= 11 })
    }

    @Test func `an event that was deleted while it was pending stops no other`() async throws {
        let jobs = try await complete(2)
        let first = try await read("sink1")
        try await queue.redis("XDEL", queue.key("events"), first[0].id)
        for event in first {
            try await queue.redis(
                "XCLAIM", queue.key("events"), "sink", "sink1", "0", event.id, "IDLE", "30001", "JUSTID", "FORCE")
        }
        #expect(try await read("sink2").map(\.fields["id"]) == [jobs[1]])
    }

    @Test func `recorded does not touch what was not read, whatever it is told`() async throws {
        let jobs = try await complete(10)
        let first = try await read("sink")
        let more = try await complete(5)
        let top = "99999999999999-1"
        #expect(try await queue.reply("recorded", first.map(\.id) + [top]) == .integer(10))
        #expect(try await read("sink").map(\.fields["id"]) == more)
        #expect(jobs.count == 10)
        #expect(try await queue.refusal("recorded", []) == "INVALID")
        #expect(try await queue.refusal("recorded", ["yesterday"]) == "INVALID")
        #expect(try await queue.refusal("recorded", [String](repeating: "1-1", count: 1_001)) == "INVALID")
        #expect(try await queue.refusal("events", []) == "INVALID")
    }

    @Test func `what happened before there was a recorder is recorded too`() async throws {
        let other = try await Self.lab.queue()
        try await other.enqueue("t", "{}", "id", "early")
        #expect(try await other.settle(other.claimOne().completes) == ["OK"])
        try await other.config("record", "yes")
        #expect(try await other.call("events", "sink").contains("early"))
    }

    @Test func `a sink needs no configuration to read`() async throws {
        let other = try await Self.lab.queue()
        #expect(try await other.call("events", "sink").isEmpty)
        try await other.enqueue("t", "{}", "id", "a")
        #expect(try await other.settle(other.claimOne().completes) == ["OK"])
        #expect(try await other.call("events", "sink").contains("a"))
    }

    @Test func `with a recorder nothing is trimmed`() async throws {
        for _ in 0..<111 { _ = try await complete(100) }
        #expect(try await queue.length("events") == 11_100)
    }

    /// Completes so many jobs; their ids in the order of their ends.
    private func complete(_ count: Int) async throws -> [String] {
        try await queue.fill(count)
        let runs = try await queue.turn().runs
        #expect(try await queue.turn(0, runs.map(\.completes)).answers.count == count)
        return runs.map(\.id)
    }

    private struct Read { let id: String; let fields: [String: String] }

    private func read(_ consumer: String) async throws -> [Read] {
        let words = try #require(try await queue.reply("events", [consumer]).array)
        var events: [Read] = []
        var at = 0
        while at < words.count {
            let count = words[at + 1].integer ?? 0
            events.append(
                Read(id: words[at].string ?? "", fields: TestQueue.pairs(.array(Array(words[at + 2..<at + 2 + count]))))
            )
            at += 2 + count
        }
        return events
    }

    private func recorded(_ events: [Read]) async throws -> Int {
        try await queue.reply("recorded", events.map(\.id)).integer ?? -1
    }
}
