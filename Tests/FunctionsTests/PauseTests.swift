import Redis
import Testing

/// No claims until resumed, of a queue or a type.
@Suite struct PauseTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a paused type is not handed out, and the others are`() async throws {
        for number in 0..<300 { try await queue.enqueue("a", "{}", "id", "a\(number)") }
        try await queue.enqueue("b", "{}", "id", "b")
        #expect(try await queue.call("pause", "type", "a") == ["paused", "a"])
        var ids: [String] = []
        for _ in 0..<3 { ids += try await queue.claimed() }
        #expect(ids == ["b"])
        #expect(try await queue.state("a0") == "parked")
        #expect(try await queue.backlog()["paused"] == "no")
        try await queue.expectClean()
        _ = try await queue.rung()
        #expect(try await queue.call("resume", "type", "a") == ["resumed", "a"])
        #expect(try await queue.rung())
        ids = []
        for _ in 0..<3 { ids += try await queue.claimed() }
        #expect(ids == (0..<300).map { "a\($0)" })
        try await queue.expectClean()
    }

    @Test func `what runs when its type is paused runs on, and comes back only after the pause`() async throws {
        try await queue.enqueue("a", "{}", "id", "a")
        let run = try await queue.claimOne()
        try await queue.call("pause", "type", "a")
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        #expect(try await queue.claimed() == [])
        try await queue.call("resume", "type", "a")
        #expect(try await queue.settle(queue.claimOne().ends("release")) == ["OK"])
        try await queue.call("pause", "type", "a")
        #expect(try await queue.claimed() == [])
        try await queue.call("resume", "type", "a")
        #expect(try await queue.claimed() == ["a"])
    }

    @Test func `two types are paused and resumed each for itself`() async throws {
        for type in ["a", "b", "c"] { try await queue.enqueue(type, "{}", "id", type) }
        for type in ["a", "b"] { try await queue.call("pause", "type", type) }
        #expect(try await queue.claimed() == ["c"])
        try await queue.call("resume", "type", "b")
        #expect(try await queue.claimed() == ["b"])
        try await queue.call("resume", "type", "a")
        #expect(try await queue.claimed() == ["a"])
    }

    @Test func `a paused type with limits is held by them again when it is resumed`() async throws {
        try await queue.config("concurrency:type:a", "1", "concurrency:key", "1")
        for number in 0..<4 { try await queue.enqueue("a", "{}", "key", "k\(number % 2)", "id", "\(number)") }
        try await queue.call("pause", "type", "a")
        #expect(try await queue.claimed() == [])
        try await queue.call("resume", "type", "a")
        try await queue.expectClean()
        let run = try #require(try await queue.turn().runs.first)
        #expect(try await queue.claimed() == [])
        try await queue.expectClean()
        #expect(try await queue.turn(5, [run.completes]).runs.count == 1)
    }

    @Test func `while the queue is paused a freed slot rings for nobody, and after it the next starts`() async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        let run = try #require(try await queue.turn().runs.first)
        try await queue.call("pause")
        _ = try await queue.rung()
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.claimed() == [])
        #expect(try await !queue.rung())
        try await queue.call("resume")
        #expect(try await queue.rung())
        #expect(try await queue.claimed() == ["b"])
    }

    @Test func `to pause and to resume again and again changes nothing more`() async throws {
        try await queue.enqueue("a", "{}", "id", "a")
        for _ in 0..<3 { try await queue.call("pause", "type", "a") }
        try await queue.call("resume", "type", "b")
        #expect(try await queue.claimed() == [])
        for _ in 0..<3 { try await queue.call("resume", "type", "a") }
        #expect(try await queue.claimed() == ["a"])
        #expect(try await queue.redis("HGET", queue.key("config"), "limits").string ?? "" == "")
    }

    @Test(
        "nothing but a type can be named", arguments: ["pause", "resume"],
        [
            ["type"], ["type", ""], ["key", "k"], ["a"], ["type", "a", "b"], ["type", "a\nb"],
            ["type", String(repeating: "t", count: 129)],
        ])
    func invalid(verb: String, words: [String]) async throws {
        #expect(try await queue.refusal(verb, words) == "INVALID")
        #expect(try await queue.integer("EXISTS", queue.key("config")) == 0)
    }
}
