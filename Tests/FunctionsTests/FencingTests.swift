import Redis
import Testing

/// A run is named by stream, entry, job and n; whoever lost it can finish nothing.
@Suite struct FencingTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let verbs: [[String]] = [
        ["completed", "1"], ["retry", "0", "e"], ["dead", "e"], ["release"], ["unhandled"], ["cancelled"],
    ]

    @Test(
        "an outcome that does not fit in one of the four names is LOST",
        arguments: [0, 1, 2, 3], ["high", "9-9", "other", "77"])
    func misnamed(position: Int, word: String) async throws {
        let id = try await queue.enqueue()
        try await queue.enqueue("t", "{}", "id", "other", "delay", "60000")
        let run = try await queue.claimOne()
        var name = run.name
        // A level must be a level, else the whole call is INVALID.
        name[position] = position == 0 ? "high" : word
        #expect(try await queue.settle(name + ["1", "1", "completed", ""]) == ["LOST"])
        #expect(try await queue.state(id) == "running")
        #expect(try await queue.state("other") == "delayed")
        #expect(try await queue.stat("lost") == 1)
        #expect(try await queue.settle(run.completes) == ["OK"])
    }

    @Test("an outcome is counted once, and a second one changes nothing", arguments: verbs, verbs)
    func twice(first: [String], second: [String]) async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u")
        let run = try await queue.claimOne()
        #expect(try await queue.settle(run.name + ["1", "1"] + first) == ["OK"])
        let after = try await snapshot(id)
        #expect(try await queue.settle(run.name + ["1", "1"] + second) == ["LOST"])
        #expect(try await snapshot(id) == after)
    }

    @Test("a worker that lost its lease can finish nothing", arguments: verbs)
    func zombie(verb: [String]) async throws {
        let id = try await queue.enqueue("t", "{}", "unique", "u")
        let lost = try await queue.claimOne(by: "zombie")
        try await queue.age(lost, 30_001)
        #expect(try await queue.recover() == ["1", "0", "done"])
        let waiting = try await snapshot(id)
        #expect(try await queue.settle(lost.name + ["1", "1"] + verb, by: "zombie") == ["LOST"])
        #expect(try await snapshot(id) == waiting)
        let run = try await queue.claimOne(by: "w2")
        let running = try await snapshot(id)
        #expect(try await queue.settle(lost.name + ["1", "1"] + verb, by: "zombie") == ["LOST"])
        #expect(try await snapshot(id) == running)
        #expect(try await queue.settle(run.completes, by: "w2") == ["OK"])
        #expect(try await queue.kinds() == ["recovered", "completed"])
    }

    @Test func `an old run cannot end another life of the same id`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        let first = try await queue.claimOne()
        #expect(try await queue.settle(first.completes) == ["OK"])
        try await queue.enqueue("t", "{}", "id", "a")
        let second = try await queue.claimOne()
        #expect(second.entry != first.entry)
        #expect(try await queue.settle(first.completes) == ["LOST"])
        #expect(try await queue.state("a") == "running")
    }

    @Test func `outcomes sent again are not counted as lost`() async throws {
        try await queue.enqueue()
        let run = try await queue.claimOne()
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.settle(run.completes, again: true) == ["LOST"])
        #expect(try await queue.stat("lost") == 0)
        #expect(try await queue.settle(run.completes) == ["LOST"])
        #expect(try await queue.stat("lost") == 1)
    }

    @Test func `a waiting job cannot be settled by whoever guesses its name`() async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimAgain(id)
        #expect(try await queue.settle(run.completes) == ["LOST"])
        #expect(try await queue.turn().runs.map(\.id) == [id])
    }

    @Test func `every entry has a number of its own`() async throws {
        var entries: [String] = []
        try await queue.fill(20)
        for _ in 0..<5 {
            let runs = try await queue.turn().runs
            entries += runs.map { "\($0.level) \($0.entry)" }
            #expect(try await queue.turn(0, runs.map { $0.ends("release") }).answers.count == 20)
        }
        #expect(Set(entries).count == 100)
        #expect(Set(entries.map { $0.split(separator: "-").last }).count == 100)
    }

    /// Everything that a wrong settling could change.
    private func snapshot(_ id: String) async throws -> [String] {
        let job = try await queue.job(id)
        return [
            job?["state"] ?? "gone", job?["header"] ?? "", "\(try await queue.events().count)",
            "\(try await queue.waiting())", "\(try await queue.redis("HGETALL", queue.key("unique")).strings ?? [])",
        ]
    }
}
