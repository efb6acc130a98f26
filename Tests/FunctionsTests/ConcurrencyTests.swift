import Redis
import Synchronization
import Testing

/// How many runs there may be at once, of a queue, a type, a key.
@Suite struct ConcurrencyTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let limits = ["concurrency", "concurrency:type:t", "concurrency:key", "concurrency:key:k"]

    @Test("no more runs than a limit allows, and the turn that ends one hands out the next", arguments: limits)
    func held(limit: String) async throws {
        try await queue.config(limit, "2")
        for number in 0..<5 { try await queue.enqueue("t", "{}", "key", "k", "id", "\(number)") }
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["0", "1"])
        #expect(try await queue.claimed(by: "w2") == [])
        try await queue.expectClean()
        let next = try await queue.turn(10, [runs[1].completes])
        #expect(next.runs.map(\.id) == ["2"])
        #expect(
            try await queue.turn(10, runs[..<1].map(\.completes) + next.runs.map(\.completes)).runs.map(\.id) == [
                "3", "4",
            ])
        #expect(try await queue.claimed(by: "w2") == [])
    }

    @Test("a worker that wants nothing itself rings for the others when it frees a slot", arguments: limits)
    func rings(limit: String) async throws {
        try await queue.config(limit, "1")
        for _ in 0..<3 { try await queue.enqueue("t", "{}", "key", "k") }
        let run = try #require(try await queue.turn().runs.first)
        _ = try await queue.rung()
        _ = try await queue.turn(10, by: "w2")
        #expect(try await !queue.rung(), "nothing can start")
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.rung())
        #expect(try await queue.claimed(by: "w2").count == 1)
        #expect(try await !queue.rung())
    }

    @Test func `a job that a limit stops is charged with nothing and writes no event`() async throws {
        try await queue.config("concurrency:key", "1")
        for number in 0..<2 { try await queue.enqueue("t", "{}", "key", "k", "id", "\(number)") }
        let run = try #require(try await queue.turn().runs.first)
        for _ in 0..<20 { #expect(try await queue.claimed() == []) }
        #expect(try await queue.state("1") == "parked")
        #expect(try await queue.events().isEmpty)
        let next = try #require(try await queue.turn(1, [run.completes]).runs.first)
        #expect(next.id == "1")
        for field in ["attempt", "crashes", "snoozes", "lastError"] { #expect(next.header[field] == nil) }
        #expect(try await queue.job("1")?["history"] == nil)
    }

    @Test("a thousand jobs that a limit stops do not keep a job of another key or type back", arguments: limits[1...])
    func others(limit: String) async throws {
        try await queue.config(limit, "1")
        try await queue.fill(1_000, "key", "k")
        try await queue.enqueue("other", "{}", "key", "l", "id", "other")
        var ids: [String] = []
        var turn = try await queue.turn()
        ids += turn.runs.map(\.id)
        while turn.flag == "more" {
            turn = try await queue.turn()
            ids += turn.runs.map(\.id)
        }
        #expect(ids.count == 2 && ids.last == "other")
        try await queue.expectClean()
    }

    @Test func `a key may have a limit of its own, and others have that of every key`() async throws {
        try await queue.config("concurrency:key", "1", "concurrency:key:wide", "3", "concurrency:key:open", "1000000")
        for key in ["wide", "open", "plain", "other"] { try await queue.fill(5, "key", key) }
        try await queue.fill(5)
        let keys = try await queue.turn().runs.map { $0.header["key"] ?? "none" }
        let counts = Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(counts == ["wide": 3, "open": 5, "plain": 1, "other": 1, "none": 5])
    }

    @Test func `a job of two limits needs room in both, whichever is used up`() async throws {
        try await queue.config("concurrency:key", "2", "concurrency:type:t", "3")
        for key in ["a", "b", "c"] {
            for number in 0..<3 { try await queue.enqueue("t", "{}", "key", key, "id", "\(key)\(number)") }
        }
        try await queue.enqueue("u", "{}", "key", "a", "id", "u")
        try await queue.enqueue("u", "{}", "key", "c", "id", "v")
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["a0", "a1", "b0", "v"])
        try await queue.expectClean()
        // The end of `a0` makes room for the type, and `u` is first where key `a` has room.
        let next = try await queue.turn(10, [runs[0].completes]).runs.map(\.id)
        #expect(next.count == 2 && next.contains("u") || next == ["a2"])
        #expect(try await queue.backlog()["slots:concurrency:type:t"] == "3")
        try await queue.expectClean()
    }

    @Test("a limit that is raised or taken away lets the next ones in at once", arguments: limits, ["3", "0", ""])
    func raised(limit: String, value: String) async throws {
        try await queue.config(limit, "1")
        for _ in 0..<6 { try await queue.enqueue("t", "{}", "key", "k") }
        #expect(try await queue.claimed().count == 1)
        _ = try await queue.rung()
        try await queue.config(limit, value)
        #expect(try await queue.rung())
        #expect(try await queue.claimed().count == (value == "3" ? 2 : 5))
        try await queue.expectClean()
    }

    @Test("a limit that is lowered stops new starts until there are fewer runs", arguments: limits)
    func lowered(limit: String) async throws {
        try await queue.config(limit, "3")
        for _ in 0..<5 { try await queue.enqueue("t", "{}", "key", "k") }
        let runs = try await queue.turn().runs
        try await queue.config(limit, "1")
        #expect(try await queue.turn(5, [runs[0].completes]).runs.isEmpty)
        #expect(try await queue.turn(5, [runs[1].completes]).runs.isEmpty)
        #expect(try await queue.turn(5, [runs[2].completes]).runs.count == 1)
    }

    @Test("runs that started before there was a limit count under it", arguments: limits)
    func before(limit: String) async throws {
        try await queue.fill(4, "key", "k")
        let runs = try await queue.turn(3).runs
        try await queue.config(limit, "3")
        #expect(try await queue.claimed() == [])
        try await queue.expectClean()
        // Set again, they are not counted again.
        try await queue.config(limit, "2", "concurrency:type:other", "9")
        try await queue.config(limit, "3")
        #expect(try await queue.turn(5, [runs[0].completes]).runs.count == 1)
        #expect(try await queue.turn(0, runs[1...].map(\.completes)).answers == ["OK", "OK"])
        try await queue.expectClean()
    }

    @Test func `runs that started before there was a rate take no slot of it`() async throws {
        try await queue.fill(3, "key", "k")
        _ = try await queue.turn(2)
        try await queue.config("rate:key", "1/60000", "concurrency:key", "5")
        #expect(try await queue.redis("HGETALL", queue.key("slots")).strings == ["concurrency:key:k", "2"])
    }

    @Test func `eight workers over ten keys never have more runs than a limit allows`() async throws {
        try await queue.config("concurrency:key", "2", "concurrency", "7")
        for key in 0..<10 { try await queue.fill(40, "key", "k\(key)") }
        let trace = Trace()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask { [queue] in
                    var outcomes: [[String]] = []
                    while true {
                        let turn = try await queue.turn(3, by: "w\(worker)", outcomes)
                        // Counted between a claim's answer and the next turn: no run is counted that is not one.
                        trace.starts(turn.runs)
                        await Task.yield()
                        trace.ends(turn.runs)
                        outcomes = turn.runs.map(\.completes)
                        if turn.runs.isEmpty, try await queue.integer("HLEN", queue.key("jobs")) == 0 { return }
                    }
                }
            }
            try await group.waitForAll()
        }
        let most = trace.most
        #expect(most.key <= 2 && most.all <= 7 && most.runs == 400, "\(most)")
        try await queue.expectClean()
    }
}

/// How many runs there were at once.
private final class Trace: Sendable {
    struct Most { var key = 0, all = 0, runs = 0 }

    private let state = Mutex((running: [String: Int](), most: Most()))

    var most: Most { state.withLock { $0.most } }

    func starts(_ runs: [Run]) {
        state.withLock { state in
            for run in runs {
                let count = state.running[run.header["key"] ?? "", default: 0] + 1
                state.running[run.header["key"] ?? ""] = count
                state.most.key = max(state.most.key, count)
            }
            state.most.all = max(state.most.all, state.running.values.reduce(0, +))
            state.most.runs += runs.count
        }
    }

    func ends(_ runs: [Run]) {
        state.withLock { state in for run in runs { state.running[run.header["key"] ?? "", default: 0] -= 1 } }
    }
}
