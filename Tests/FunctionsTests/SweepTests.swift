import Functions
import Redis
import Testing

@Suite struct SweepTests {
    private static let lab = Lab()
    /// Its hour is over at once: no test can wait for the real one.
    private static let impatient = Lab(
        source: Library.source.replacing("local CONSUMER_IDLE = 3600000", with: "local CONSUMER_IDLE = -1"))
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `what is due is promoted, into its level, and what is not stays`() async throws {
        for level in queue.streams where level != "returned" {
            try await queue.enqueue("t", "{}", "delay", "60000", "priority", level, "id", level)
            try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", level)
        }
        try await queue.enqueue("t", "{}", "delay", "60000", "id", "later")
        #expect(try await queue.call("sweep") == ["4", "0", "0", "done"])
        #expect(try await queue.state("later") == "delayed")
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["critical", "high", "normal", "low"])
        #expect(runs.map(\.level) == runs.map(\.id))
    }

    @Test func `two sweeps promote a job once`() async throws {
        let id = try await queue.enqueue("t", "{}", "delay", "60000")
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        #expect(try await queue.call("sweep")[0] == "1")
        #expect(try await queue.call("sweep")[0] == "0")
        #expect(try await queue.turn().runs.count == 1)
    }

    @Test func `a due job that is gone does not stop the others`() async throws {
        try await queue.redis("ZADD", queue.key("delayed"), "1", "ghost")
        let id = try await queue.enqueue("t", "{}", "delay", "60000")
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "2", id)
        try await queue.call("sweep")
        #expect(try await queue.turn().runs.map(\.id) == [id])
    }

    @Test func `more than 200 due jobs take more than one sweep`() async throws {
        try await queue.fill(201, "delay", "60000")
        let ids = try #require(try await queue.redis("ZRANGE", queue.key("delayed"), "0", "-1").strings)
        for id in ids { try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id) }
        #expect(try await queue.call("sweep") == ["200", "0", "0", "more"])
        #expect(try await queue.call("sweep") == ["1", "0", "0", "done"])
    }

    @Test func `an expired unique key is forgotten, but not a living job's`() async throws {
        try await queue.enqueue("t", "{}", "unique", "done")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        let living = try await queue.enqueue("t", "{}", "unique", "living")
        try await queue.enqueue("t", "{}", "unique", "fresh", "delay", "60000")
        try await queue.redis("HSET", queue.key("unique"), "ghost", "1000 live nobody", "odd", "nonsense")
        for key in ["done", "living", "ghost", "odd"] {
            try await queue.redis("ZADD", queue.key("unique:expiry"), "1000", key)
        }
        #expect(try await queue.call("sweep")[1] == "3")
        #expect(Set(try await queue.redis("HKEYS", queue.key("unique")).strings ?? []) == ["living", "fresh"])
        // The living one's is looked at again a day later, in case that its end does not free it.
        #expect(try await queue.redis("ZRANGE", queue.key("unique:expiry"), "0", "-1").strings == ["fresh", "living"])
        try await queue.redis("ZADD", queue.key("unique:expiry"), "1000", "living")
        #expect(try await queue.call("sweep")[1] == "0")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "living") == ["duplicate", living])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "done").first == "queued")
    }

    @Test func `a consumer that was silent for less than an hour stays`() async throws {
        try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.call("sweep")[2] == "0")
        #expect(try await queue.consumers() == ["w1"])
    }

    @Test func `a silent consumer goes, unless it still holds a run`() async throws {
        let queue = try await Self.impatient.queue()
        try await queue.fill(2)
        let run = try await queue.claimOne(by: "holder")
        let other = try await queue.claimOne(by: "gone")
        #expect(try await queue.settle(other.completes, by: "gone") == ["OK"])
        #expect(try await queue.call("sweep")[2] == "1")
        #expect(try await queue.consumers() == ["holder"])
        #expect(try await queue.settle(run.completes, by: "holder") == ["OK"])
        // Looks are a minute apart.
        #expect(try await queue.call("sweep")[2] == "0")
        try await queue.redis("HDEL", queue.key("stats"), "tidiedAt")
        #expect(try await queue.call("sweep")[2] == "1")
        #expect(try await queue.consumers() == [])
    }
}

extension TestQueue {
    fileprivate func consumers() async throws -> Set<String> {
        let all = try await redis("XINFO", "CONSUMERS", key("normal"), "workers").array ?? []
        return Set(all.compactMap { TestQueue.pairs($0)["name"] })
    }
}
