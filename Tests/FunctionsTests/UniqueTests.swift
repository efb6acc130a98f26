import NIOPosix
import Redis
import Testing

@Suite struct UniqueTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `concurrent enqueues with one key over many connections make one job`() async throws {
        let answers = try await withThrowingTaskGroup(of: [String].self) { group in
            for number in 0..<20 {
                group.addTask { [queue] in
                    let connection = try await queue.client.dedicated()
                    var answers: [String] = []
                    for _ in 0..<25 {
                        let reply = try await connection.send(
                            Command(
                                "FCALL", "penstock_enqueue", "1", queue.name, "t", "\(number)", "unique", "delivery"),
                            timeout: .seconds(120))
                        answers.append(reply.strings?.joined(separator: " ") ?? "")
                    }
                    connection.close()
                    return answers
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        let queued = answers.filter { $0.hasPrefix("queued ") }
        #expect(answers.count == 500 && queued.count == 1)
        let id = queued.first?.split(separator: " ").last.map(String.init) ?? ""
        #expect(answers.filter { $0 == "duplicate \(id)" }.count == 499)
        #expect(try await queue.turn().runs.map(\.id) == [id])
    }

    @Test func `a duplicate is answered with the first job in every state of its life`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u", "delay", "60000")
        func again() async throws -> [String] { try await queue.call("enqueue", "t", "other", "unique", "u") }
        #expect(try await again() == ["duplicate", id])
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        let run = try await queue.claimOne()
        #expect(try await again() == ["duplicate", id])
        #expect(try await queue.settle(run.ends("retry", "60000", "e")) == ["OK"])
        #expect(try await again() == ["duplicate", id])
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await again() == ["duplicate", id])
    }

    @Test func `a completed job keeps its key until the window ends and no longer`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u", "ttl", "60000")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", id])
        try await passWindow("u", "done", id)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
    }

    @Test func `a live job keeps its key after the window's end, and frees it when it completes`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u", "ttl", "60000")
        try await passWindow("u", "live", id)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", id])
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("unique"), queue.key("unique:expiry")) == 0)
    }

    @Test func `the window is a day unless it is given`() async throws {
        let before = try await queue.now()
        try await queue.enqueue("t", "{}", "unique", "u")
        let expiry = try await queue.integer("ZSCORE", queue.key("unique:expiry"), "u")
        #expect((before + 86_400_000...before + 86_410_000).contains(expiry))
    }

    @Test func `a dead job frees its key at once`() async throws {
        try await queue.enqueue("t", "{}", "unique", "u")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
    }

    @Test func `a cancelled job frees its key at once`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u")
        try await queue.call("cancel", id)
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
    }

    @Test func `the end of a first job does not free a key that another holds`() async throws {
        let first = try await queue.enqueue("t", "{}", "unique", "u")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        let second = try await queue.enqueue("t", "{}", "unique", "u")
        #expect(try await queue.call("requeue", first) == ["duplicate", second])
        #expect(try await queue.state(first) == "dead")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", second])
    }

    @Test("a job's end leaves a key alone that is no longer its own", arguments: [["completed", ""], ["dead", "no"]])
    func strangersKey(verb: [String]) async throws {
        try await queue.enqueue("t", "{}", "unique", "u")
        let run = try await queue.claimOne()
        try await queue.redis("HDEL", queue.key("unique"), "u")
        let second = try await queue.enqueue("t", "{}", "unique", "u")
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", second])
    }

    @Test func `a key whose job has vanished holds nothing`() async throws {
        try await queue.redis("HSET", queue.key("unique"), "u", "99999999999999 live ghost", "v", "nonsense")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u").first == "queued")
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "v").first == "queued")
    }

    private func passWindow(_ key: String, _ state: String, _ id: String) async throws {
        #expect(try await queue.redis("HGET", queue.key("unique"), key).string?.hasSuffix(" \(state) \(id)") == true)
        try await queue.redis("HSET", queue.key("unique"), key, "1000 \(state) \(id)")
    }
}
