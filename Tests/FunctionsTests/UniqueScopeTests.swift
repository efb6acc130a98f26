import Redis
import Testing

/// How long a unique key is held.
@Suite struct UniqueScopeTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let scopes = ["window", "until-started", "until-finished"]

    @Test(
        "a key is held for that part of its job's life which the scope names",
        arguments: [
            ("window", [true, true, true, true]), ("until-started", [true, false, false, false]),
            ("until-finished", [true, true, true, false]),
        ])
    func parts(scope: String, held: [Bool]) async throws {
        let first = try await queue.enqueue("t", "{}", "id", "first", "unique", "u", "scope", scope)
        #expect(try await isHeld(by: first) == held[0], "waiting")
        let run = try await queue.claimOne()
        #expect(try await isHeld(by: first) == held[1], "running")
        #expect(try await queue.settle(run.ends("retry", "1000", "e")) == ["OK"])
        #expect(try await isHeld(by: first) == held[2], "waiting for its second attempt")
        try await queue.expectClean()
        try await queue.pass(1_000)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await isHeld(by: first) == held[3], "completed")
        try await queue.pass(86_400_000)
        #expect(try await !isHeld(by: first), "the window is over")
    }

    @Test func `a window ends at its time and not a millisecond earlier`() async throws {
        let first = try await queue.enqueue("t", "{}", "unique", "u", "ttl", "5000")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        try await queue.pass(4_999)
        #expect(try await isHeld(by: first))
        try await queue.pass(1)
        #expect(try await !isHeld(by: first))
    }

    enum End: CaseIterable {
        case dead, cancelled, cancelledRunning, purged, dropped, buried, crashed, cancelledBySettling
    }

    @Test("a job that ends without success frees its key at once, in every scope", arguments: scopes, End.allCases)
    func failure(scope: String, end: End) async throws {
        let late = end == .dropped ? ["deadline", "10", "late", "drop"] : end == .buried ? ["deadline", "10"] : []
        let words = ["t", "{}", "id", "first", "unique", "u", "scope", scope] + late
        _ = try await queue.reply("enqueue", words)
        switch end {
        case .dead: #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        case .cancelled: try await queue.call("cancel", "first")
        case .cancelledRunning:
            let run = try await queue.claimOne()
            try await queue.call("cancel", "first")
            #expect(try await queue.settle(run.ends("release")) == ["OK"])
        case .purged: #expect(try await queue.call("purge", "0")[1] == "1")
        case .dropped, .buried:
            try await queue.pass(11)
            #expect(try await queue.claimed() == [])
        case .crashed:
            for _ in 0..<3 {
                try await queue.age(queue.claimOne(), 30_001)
                _ = try await queue.recover()
            }
        case .cancelledBySettling: #expect(try await queue.settle(queue.claimOne().ends("cancelled")) == ["OK"])
        }
        #expect(try await queue.integer("EXISTS", queue.key("unique"), queue.key("unique:expiry")) == 0)
        #expect(try await queue.call("enqueue", "t", "{}", "id", "second", "unique", "u") == ["queued", "second"])
        try await queue.expectClean()
    }

    @Test func `with until-started a second job waits while the first runs, and the first never takes the key back`()
        async throws
    {
        try await queue.enqueue("t", "{}", "id", "first", "unique", "u", "scope", "until-started")
        let first = try await queue.claimOne()
        try await queue.enqueue("t", "{}", "id", "second", "unique", "u", "scope", "until-started")
        #expect(try await queue.settle(first.ends("release")) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "second"])
        let again = try await queue.claimOne()
        #expect(again.id == "first")
        #expect(try await queue.settle(again.completes) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "second"])
        #expect(try await queue.claimed() == ["second"])
        try await queue.enqueue("t", "{}", "id", "third", "unique", "u", "scope", "until-started")
    }

    @Test("a requeued dead letter takes its key again, or names who has it", arguments: scopes)
    func requeued(scope: String) async throws {
        try await queue.enqueue("t", "{}", "id", "first", "unique", "u", "scope", scope)
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        try await queue.enqueue("t", "{}", "id", "second", "unique", "u", "scope", scope)
        #expect(try await queue.call("requeue", "first") == ["duplicate", "second"])
        #expect(try await queue.state("first") == "dead")
        try await queue.call("cancel", "second")
        #expect(try await queue.call("requeue", "first") == ["queued", "first"])
        #expect(try await isHeld(by: "first"))
    }

    @Test func `a requeued letter has its window anew, as long as it was`() async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u", "ttl", "5000")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        try await queue.pass(60_000)
        try await queue.call("requeue", id)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        try await queue.pass(4_999)
        #expect(try await isHeld(by: id))
        try await queue.pass(1)
        #expect(try await !isHeld(by: id))
    }

    @Test func `a key in use by another life of an id is not the first life's`() async throws {
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u", "scope", "until-finished")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        // Left behind by a bug or a hand: it names an id that lives again under another key.
        try await queue.redis("HSET", queue.key("unique"), "u", "99999999999999 live a")
        try await queue.enqueue("t", "{}", "id", "a", "unique", "other")
        #expect(try await queue.call("enqueue", "t", "{}", "id", "b", "unique", "u") == ["queued", "b"])
    }

    /// Whether a further job is a duplicate of this one; if it is not, it is taken away again.
    private func isHeld(by id: String) async throws -> Bool {
        let answer = try await queue.call("enqueue", "t", "other", "unique", "u")
        if answer[0] == "queued" {
            try await queue.call("cancel", answer[1])
        } else {
            #expect(answer == ["duplicate", id])
        }
        return answer[0] == "duplicate"
    }
}
