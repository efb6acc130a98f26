import Redis
import Testing

/// How many runs may start in a time, of a queue, a type, a key. Time stands still until it is let pass.
@Suite struct RateTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let limits = ["rate", "rate:type:t", "rate:key", "rate:key:k"]

    @Test("a burst starts at once, then one in each interval, the millisecond it may", arguments: limits)
    func burst(limit: String) async throws {
        try await queue.config(limit, "1/1000/3")
        for number in 0..<6 { try await queue.enqueue("t", "{}", "key", "k", "id", "\(number)") }
        let first = try await queue.turn(10)
        #expect(first.runs.map(\.id) == ["0", "1", "2"])
        for next in 3..<6 {
            let turn = try await queue.turn(10)
            #expect(turn.runs.isEmpty && turn.next == 1_000, "\(turn.next)")
            try await queue.expectClean()
            try await queue.pass(999)
            #expect(try await queue.turn(10).next == 1)
            try await queue.pass(1)
            #expect(try await queue.claimed() == ["\(next)"])
        }
        #expect(try await queue.turn(10).next == -1)
    }

    @Test("without a burst one starts at a time, however many a period has", arguments: limits)
    func even(limit: String) async throws {
        try await queue.config(limit, "10/1000")
        for _ in 0..<20 { try await queue.enqueue("t", "{}", "key", "k") }
        for _ in 0..<20 {
            #expect(try await queue.claimed().count == 1)
            #expect(try await queue.turn(10).runs.isEmpty)
            try await queue.pass(100)
        }
    }

    @Test("a time without starts saves up a burst and no more", arguments: limits)
    func idle(limit: String) async throws {
        try await queue.config(limit, "1/1000/4")
        try await queue.fill(1, "key", "k")
        #expect(try await queue.claimed().count == 1)
        try await queue.pass(3_600_000)
        try await queue.call("sweep")
        try await queue.fill(9, "key", "k")
        #expect(try await queue.claimed().count == 4)
    }

    @Test("over any time no more start than burst and rate allow", arguments: limits, [1, 7, 30])
    func overshoot(limit: String, step: Int) async throws {
        try await queue.config(limit, "3/100/5")
        try await queue.fill(60, "key", "k")
        var starts: [Int] = []
        for time in stride(from: 0, to: 900, by: step) {
            starts += try await queue.turn(10).runs.map { _ in time }
            try await queue.pass(step)
        }
        for (index, start) in starts.enumerated() {
            let window = starts[index...].prefix { $0 < start + 300 }
            #expect(window.count <= 5 + 9, "from \(start)")
        }
        // Not fewer either, but for what a step leaves over.
        #expect(starts.count >= 5 + 26 && starts.count <= 5 + 27, "\(starts.count)")
    }

    @Test("a job that waits for a rate is charged with nothing and stops no other", arguments: limits[1...])
    func others(limit: String) async throws {
        try await queue.config(limit, "1/60000")
        for number in 0..<500 { try await queue.enqueue("t", "{}", "key", "k", "id", "\(number)") }
        try await queue.enqueue("other", "{}", "key", "l", "id", "other")
        var ids: [String] = []
        for _ in 0..<5 { ids += try await queue.claimed() }
        #expect(ids == ["0", "other"])
        #expect(try await queue.state("1") == "parked")
        #expect(try await queue.events().isEmpty)
        try await queue.pass(60_000)
        let run = try await queue.claimOne()
        #expect(run.id == "1" && run.header["attempt"] == nil && run.header["crashes"] == nil)
        try await queue.expectClean()
    }

    @Test("when a rate has room again, a sweep rings for an idle worker", arguments: limits[1...])
    func rings(limit: String) async throws {
        try await queue.config(limit, "1/60000")
        try await queue.fill(2, "key", "k")
        #expect(try await queue.claimed().count == 1)
        _ = try await queue.rung()
        try await queue.call("sweep")
        #expect(try await !queue.rung())
        try await queue.pass(60_000)
        try await queue.call("sweep")
        #expect(try await queue.rung())
        #expect(try await queue.claimed().count == 1)
    }

    @Test func `keys have rates of their own, and one may have another`() async throws {
        try await queue.config("rate:key", "1/60000/2", "rate:key:wide", "1/60000/4")
        for key in ["a", "b", "wide"] { try await queue.fill(5, "key", key) }
        let keys = try await queue.turn().runs.map { $0.header["key"] ?? "" }
        #expect(Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +) == ["a": 2, "b": 2, "wide": 4])
    }

    @Test func `a retry is a start like any other`() async throws {
        try await queue.config("rate:type:t", "1/1000")
        try await queue.enqueue()
        let run = try await queue.claimOne()
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        #expect(try await queue.claimed() == [])
        try await queue.pass(1_000)
        #expect(try await queue.claimOne().header["attempt"] == "1")
    }

    @Test func `a rate that is raised lets the next one in earlier`() async throws {
        try await queue.config("rate:key", "1/60000")
        try await queue.fill(2, "key", "k")
        #expect(try await queue.claimed().count == 1)
        try await queue.config("rate:key", "1/60000/2")
        #expect(try await queue.claimed().count == 1)
        try await queue.expectClean()
    }

    @Test("a rate that is raised counts from now on, not from what a slower one left", arguments: limits)
    func slower(limit: String) async throws {
        try await queue.config(limit, "1/3600000")
        try await queue.fill(3, "key", "k")
        #expect(try await queue.claimed().count == 1)
        try await queue.config(limit, "10/1000")
        #expect(try await queue.turn().next == 100)
        try await queue.pass(100)
        #expect(try await queue.claimed().count == 1)
        try await queue.pass(100)
        #expect(try await queue.claimed().count == 1)
    }

    @Test func `a key with a rate and a concurrency obeys both`() async throws {
        try await queue.config("rate:key", "1/1000/3", "concurrency:key", "2")
        for number in 0..<6 { try await queue.enqueue("t", "{}", "key", "k", "id", "\(number)") }
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["0", "1"])
        let next = try await queue.turn(10, runs.map(\.completes)).runs
        #expect(next.map(\.id) == ["2"], "the burst is used up")
        try await queue.pass(1_000)
        #expect(try await queue.claimed() == ["3"])
        try await queue.pass(1_000)
        #expect(try await queue.claimed() == [], "two run")
        #expect(try await queue.turn(10, [next[0].completes]).runs.map(\.id) == ["4"])
        try await queue.expectClean()
    }

    @Test func `rates that no longer count are forgotten`() async throws {
        try await queue.config("rate:key", "1/1000")
        for key in 0..<30 { try await queue.fill(1, "key", "k\(key)") }
        #expect(try await queue.claimed().count == 30)
        try await queue.call("sweep")
        #expect(try await queue.integer("ZCARD", queue.key("rates")) == 30)
        try await queue.pass(1_001)
        try await queue.call("sweep")
        #expect(try await queue.integer("EXISTS", queue.key("rates")) == 0)
    }
}
