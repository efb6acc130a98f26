import Redis
import Testing

/// Entries that are over leave the streams; nothing that waits does.
@Suite struct EraseTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `settled in any order and in any batches, no entry stays`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = Seeded(seed)
        try await queue.fill(300)
        var runs: [Run] = []
        for _ in 0..<3 { runs += try await queue.turn().runs }
        runs.shuffle(using: &generator)
        try await queue.fill(50)
        while !runs.isEmpty {
            let count = min(runs.count, Int.random(in: 1...40, using: &generator))
            let answers = try await queue.turn(0, runs.suffix(count).map(\.completes)).answers
            #expect(answers == [String](repeating: "OK", count: count), "seed \(seed)")
            runs.removeLast(count)
            #expect(try await queue.length("normal") == runs.count + 50, "seed \(seed)")
        }
        #expect(try await queue.turn().runs.count == 50)
    }

    @Test func `behind a straggler that never ends, entries are deleted one by one`() async throws {
        try await queue.enqueue("t", "{}", "id", "straggler")
        let straggler = try await queue.claimOne(by: "slow")
        for _ in 0..<3 {
            try await queue.fill(100)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map(\.completes))
            #expect(try await queue.length("normal") == 1)
        }
        #expect(try await queue.settle(straggler.completes, by: "slow") == ["OK"])
        #expect(try await queue.length("normal") == 0)
    }

    @Test func `what waits behind settled runs of the same node is never trimmed`() async throws {
        var waiting: [String] = []
        for number in 0..<30 { waiting.append(try await queue.enqueue("t", "\(number)")) }
        for _ in 0..<30 {
            let run = try await queue.claimOne()
            #expect(run.id == waiting.removeFirst())
            #expect(try await queue.settle(run.completes) == ["OK"])
            #expect(try await queue.length("normal") == waiting.count)
        }
    }

    @Test func `an entry left by a cancelled job goes when a claim meets it`() async throws {
        var ids: [String] = []
        for _ in 0..<10 { ids.append(try await queue.enqueue()) }
        for id in ids[2..<8] { try await queue.call("cancel", id) }
        #expect(try await queue.length("normal") == 10)
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == Array(ids[..<2] + ids[8...]))
        _ = try await queue.turn(0, runs.map(\.completes))
        #expect(try await queue.length("normal") == 0)
    }

    @Test func `a renewal and a recovery leave no entry behind either`() async throws {
        try await queue.fill(40)
        let runs = try await queue.turn().runs
        for run in runs { try await queue.age(run, 30_001) }
        _ = try await queue.recover()
        #expect(try await queue.length("normal") == 0)
        #expect(try await queue.length("returned") == 40)
        _ = try await queue.turn()
        try await queue.call("renew", "w1", "0", "last", "0")
        #expect(try await queue.length("returned") == 40)
        let last = try await queue.turn().runs
        _ = try await queue.turn(0, last.map(\.completes))
        #expect(try await queue.length("returned") == 0)
    }
}
