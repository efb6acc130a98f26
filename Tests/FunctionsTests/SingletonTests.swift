import Redis
import Testing

/// One run at a time of a unique key: further jobs are skipped, or cancel the first.
@Suite struct SingletonTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `skip answers with the first job until that has ended`() async throws {
        try await queue.enqueue("t", "{}", "id", "first", "unique", "u", "singleton", "skip")
        func again() async throws -> [String] {
            try await queue.call("enqueue", "t", "2", "unique", "u", "singleton", "skip")
        }
        #expect(try await again() == ["duplicate", "first"])
        let run = try await queue.claimOne()
        #expect(try await again() == ["duplicate", "first"])
        #expect(try await queue.settle(run.ends("retry", "60000", "e")) == ["OK"])
        #expect(try await again() == ["duplicate", "first"])
        try await queue.makeDue()
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await again().first == "queued")
        try await queue.expectClean()
    }

    @Test func `cancel ends a first job that does not run yet, and its event says why`() async throws {
        try await cancelling("first")
        try await cancelling("second")
        #expect(try await queue.job("first") == nil)
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "cancelled" && event["id"] == "first")
        #expect(event["error"] == "a newer job has taken its unique key")
        #expect(try await queue.claimed() == ["second"])
    }

    @Test(
        "cancel asks a running job to end, and the new one starts with that end and not before",
        arguments: [["cancelled"], ["completed", ""], ["release"], ["dead", "e"], ["retry", "0", "e"]])
    func running(verb: [String]) async throws {
        try await cancelling("first")
        let run = try await queue.claimOne()
        try await cancelling("second")
        #expect(try await queue.claimed(by: "w2") == [])
        #expect(try await queue.state("second") == "parked")
        #expect(try await queue.header("second")["attempt"] == nil)
        let renewal = try #require(try await queue.reply("renew", ["w1", "99999", "last", "0"] + run.name).strings)
        #expect(renewal.last == "CANCEL")
        let turn = try await queue.turn(1, [run.name + ["1", "1"] + verb])
        #expect(turn.answers == ["OK"] && turn.runs.map(\.id) == ["second"])
        #expect(try await queue.job("first") == nil)
        try await queue.expectClean()
    }

    @Test func `when the worker of the first dies, the first is cancelled and the second runs`() async throws {
        try await cancelling("first")
        let run = try await queue.claimOne()
        try await cancelling("second")
        _ = try await queue.claimed(by: "w2")
        try await queue.age(run, 30_001)
        _ = try await queue.rung()
        #expect(try await queue.recover()[0] == "1")
        #expect(try await queue.rung())
        #expect(try await queue.claimed(by: "w2") == ["second"])
        #expect(try await queue.settle(run.completes) == ["LOST"])
        try await queue.expectClean()
    }

    @Test func `a third job cancels the second, which waited for the first`() async throws {
        try await cancelling("first")
        let run = try await queue.claimOne()
        try await cancelling("second")
        _ = try await queue.claimed(by: "w2")
        try await cancelling("third")
        #expect(try await queue.job("second") == nil)
        #expect(try await queue.claimed(by: "w2") == [])
        #expect(try await queue.turn(5, [run.ends("cancelled")]).runs.map(\.id) == ["third"])
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u") == ["duplicate", "third"])
        try await queue.expectClean()
    }

    @Test func `a queue that is full cancels nobody`() async throws {
        try await cancelling("first")
        try await queue.config("maxLength", "1")
        let words = ["t", "{}", "unique", "u", "singleton", "cancel"]
        #expect(try await queue.refusal("enqueue", words) == "FULL")
        #expect(try await queue.state("first") == "waiting")
    }

    @Test func `jobs of other unique keys run beside it`() async throws {
        try await cancelling("first")
        _ = try await queue.claimOne()
        try await cancelling("second")
        try await queue.enqueue("t", "{}", "id", "other", "unique", "v", "singleton", "cancel")
        #expect(try await queue.claimed() == ["other"])
    }

    @Test func `conflict cancel without singleton does not wait for the end of the first`() async throws {
        try await queue.enqueue("t", "{}", "id", "first", "unique", "u")
        _ = try await queue.claimOne()
        try await queue.enqueue("t", "{}", "id", "second", "unique", "u", "conflict", "cancel")
        #expect(try await queue.claimed() == ["second"])
        try await queue.expectClean()
    }

    private func cancelling(_ id: String) async throws {
        try await queue.enqueue("t", "{}", "id", id, "unique", "u", "singleton", "cancel")
    }
}
