import NIOCore
import Redis
import Testing

@Suite struct SettleTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a completed job leaves Redis, and its event tells everything`() async throws {
        try await queue.config("record", "yes")
        let payload = String(repeating: "p", count: 3_000)
        let id = try await queue.enqueue("push", payload, "priority", "high", "key", "k", "attempts", "3")
        let run = try await queue.claimOne(by: "host-1")
        #expect(try await queue.settle(run.name + ["1234", "56", "completed", "{\"ok\":1}"], by: "host-1") == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("jobs"), queue.key("bodies")) == 0)
        let events = try await queue.events()
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event["kind"] == "completed" && event["id"] == id)
        #expect(event["run"] == "high \(run.entry) 1234 56 host-1")
        #expect(event["result"] == "{\"ok\":1}" && event["error"] == nil)
        #expect(event["payload"] == payload)
        let header = Run.fields(event["header"] ?? "")
        #expect(header["type"] == "push" && header["key"] == "k" && header["maxAttempts"] == "3")
        #expect(try await queue.stat("completed") == 1)
    }

    @Test func `a job that completes with nothing has no result`() async throws {
        try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.events().first?["result"] == nil)
    }

    @Test func `a retry waits for its delay and keeps level, payload and attempts`() async throws {
        let payload = String(repeating: "p", count: 2_000)
        let id = try await queue.enqueue("t", payload, "priority", "low", "unique", "u")
        let before = try await queue.now()
        #expect(try await queue.settle(queue.claimOne().ends("retry", "60000", "no route")) == ["OK"])
        let job = try #require(try await queue.job(id))
        #expect(job["state"] == "delayed")
        #expect((before + 60_000...before + 65_000).contains(Int(job["due"] ?? "") ?? 0))
        #expect(job["payload"] == payload)
        let header = try await queue.header(id)
        #expect(header["attempt"] == "1" && header["lastError"] == "no route" && header["priority"] == "low")
        #expect(try await queue.turn().runs.isEmpty)
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        let second = try await queue.claimOne()
        #expect(second.level == "low" && second.header["attempt"] == "1")
        #expect(try await queue.settle(second.ends("retry", "0", "again")) == ["OK"])
        #expect(try await queue.claimOne().header["attempt"] == "2")
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "retried" && event["error"] == "no route" && event["payload"] == nil)
        #expect(try await queue.stat("retried") == 2)
        #expect(try await queue.stat("failed") == 2)
    }

    @Test func `a dead letter keeps header and body, and its event has the payload`() async throws {
        let payload = String(repeating: "p", count: 2_000)
        try await queue.config("record", "yes")
        let id = try await queue.enqueue("t", payload, "priority", "high")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "bad input")) == ["OK"])
        let job = try #require(try await queue.job(id))
        #expect(job["state"] == "dead" && job["payload"] == payload && job["died"] != nil)
        #expect(try await queue.header(id)["lastError"] == "bad input")
        #expect(try await queue.header(id)["attempt"] == "1")
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "dead" && event["error"] == "bad input" && event["payload"] == payload)
        #expect(try await queue.stat("dead") == 1)
        #expect(try await queue.stat("failed") == 1)
        #expect(try await queue.turn().runs.isEmpty)
    }

    @Test func `a release charges no attempt and no crash, and keeps the level`() async throws {
        let id = try await queue.enqueue("t", "{}", "priority", "low")
        for _ in 0..<5 {
            let run = try await queue.claimOne()
            #expect(run.id == id && run.header["priority"] == "low")
            #expect(run.header["attempt"] == nil && run.header["crashes"] == nil)
            #expect(try await queue.settle(run.ends("release")) == ["OK"])
        }
        #expect(try await queue.kinds() == [String](repeating: "released", count: 5))
        #expect(try await queue.length("returned") == 1)
    }

    @Test func `an error's text is kept to 4 KiB`() async throws {
        let id = try await queue.enqueue()
        let text = String(repeating: "e", count: 10_000)
        #expect(try await queue.settle(queue.claimOne().ends("retry", "0", text)) == ["OK"])
        #expect(try await queue.header(id)["lastError"]?.count == 4_096)
    }

    @Test func `a batch may mix all verbs, and each run ends as it says`() async throws {
        for number in 0..<6 { try await queue.enqueue("t", "\(number)", "id", "job\(number)") }
        let runs = try await queue.turn().runs
        let stranger = ["normal", "1-1", "nobody", "1", "1", "1", "release"]
        let outcomes = [
            runs[0].completes, stranger, runs[1].ends("retry", "60000", "e"), runs[2].ends("dead", "e"),
            runs[0].completes, runs[3].ends("release"), runs[4].ends("unhandled"), runs[5].ends("cancelled"),
        ]
        #expect(try await queue.turn(0, outcomes).answers == ["OK", "LOST", "OK", "OK", "LOST", "OK", "OK", "OK"])
        let states = ["job0": nil, "job1": "delayed", "job2": "dead", "job3": "waiting", "job4": "parked", "job5": nil]
        for (id, state) in states { #expect(try await queue.state(id) == state, "\(id)") }
        #expect(
            try await queue.kinds() == ["completed", "retried", "dead", "released", "unhandled", "cancelled"])
        #expect(try await queue.stat("lost") == 2)
        #expect(try await queue.turn().runs.map(\.id) == ["job3"])
    }

    @Test func `without a recorder an event carries no payload over 1 KiB`() async throws {
        try await queue.enqueue("t", String(repeating: "p", count: 1_025), "id", "large")
        try await queue.enqueue("t", String(repeating: "p", count: 1_024), "id", "small")
        let runs = try await queue.turn().runs
        #expect(try await queue.turn(0, runs.map(\.completes)).answers == ["OK", "OK"])
        #expect(try await queue.events().map { $0["payload"]?.count } == [nil, 1_024])
    }

    @Test func `without a recorder about ten thousand events are kept`() async throws {
        for _ in 0..<115 {
            try await queue.fill(100)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map(\.completes))
        }
        let kept = try await queue.length("events")
        #expect((10_000..<10_500).contains(kept))
    }
}
