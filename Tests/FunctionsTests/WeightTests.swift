import Redis
import Testing

/// The policy of claims: 6:3:1 of high, normal and low while all wait.
@Suite struct WeightTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("shares are 6:3:1 whatever the size of a call", arguments: [1, 3, 7, 10, 100])
    func shares(size: Int) async throws {
        try await fill(["high": 450, "normal": 240, "low": 100])
        #expect(try await claim(700, by: size) == ["high": 420, "normal": 210, "low": 70])
    }

    @Test(
        "an empty level's share goes to the others by their weights",
        arguments: [1, 7, 100], [("high", [0, 525, 175]), ("normal", [600, 0, 100]), ("low", [467, 233, 0])])
    func emptyLevel(size: Int, expected: (level: String, shares: [Int])) async throws {
        try await fill(["high": 620, "normal": 550, "low": 200].filter { $0.key != expected.level })
        let claimed = try await claim(700, by: size)
        for (level, share) in zip(["high", "normal", "low"], expected.shares) {
            #expect(abs(claimed[level, default: 0] - share) <= 7, "\(level) \(claimed)")
        }
    }

    @Test(
        "shares hold behind a limit too, where a slot at a time is freed",
        arguments: [
            ["concurrency:type:t", "1"], ["concurrency:key", "1"], ["concurrency", "1"],
            ["concurrency:key", "3", "fair", "yes"],
        ])
    func limited(settings: [String]) async throws {
        _ = try await queue.reply("configure", settings)
        for level in ["high", "normal", "low"] { try await queue.fill(150, "priority", level, "key", "k") }
        var claimed: [String: Int] = [:]
        var runs = try await queue.turn(1).runs
        while try await queue.turn(1).flag == "more" {}
        for _ in 0..<200 {
            try #require(runs.count == 1)
            claimed[runs[0].header["priority"] ?? "normal", default: 0] += 1
            runs = try await queue.turn(1, runs.map(\.completes)).runs
        }
        for (level, share) in [("high", 120), ("normal", 60), ("low", 20)] {
            #expect(abs(claimed[level, default: 0] - share) <= 10, "\(level) \(claimed)")
        }
    }

    @Test func `a level that is filled again and again keeps no lower one waiting for ever`() async throws {
        try await fill(["normal": 10, "low": 10])
        var low = 0
        for _ in 0..<100 {
            try await fill(["high": 3])
            low += try await queue.turn(2).runs.filter { $0.level == "low" }.count
        }
        #expect(low == 10)
    }

    @Test("an empty level saves nothing up", arguments: ["high", "normal", "low"])
    func nothingSaved(level: String) async throws {
        let all = ["high": 300, "normal": 300, "low": 300]
        try await fill(all.filter { $0.key != level })
        _ = try await claim(200, by: 1)
        try await fill([level: 300])
        let claimed = try await claim(100, by: 1)
        for (level, share) in [("high", 60), ("normal", 30), ("low", 10)] {
            #expect(abs(claimed[level, default: 0] - share) <= 2, "\(level) \(claimed)")
        }
    }

    @Test func `shares hold when levels come and go between calls`() async throws {
        try await fill(["high": 650, "normal": 400, "low": 150])
        // Critical jobs in between take claims, but no share.
        var claimed: [String: Int] = [:]
        for _ in 0..<100 {
            try await queue.enqueue("t", "{}", "priority", "critical")
            for run in try await queue.turn(11).runs { claimed[run.level, default: 0] += 1 }
        }
        #expect(claimed == ["critical": 100, "high": 600, "normal": 300, "low": 100])
    }

    @Test func `weights are configured`() async throws {
        try await queue.config("weights", "1:1:2")
        try await fill(["high": 100, "normal": 100, "low": 100])
        #expect(try await claim(160, by: 5) == ["high": 40, "normal": 40, "low": 80])
    }

    @Test func `credits and weights that are garbage stop nothing`() async throws {
        try await fill(["high": 5, "normal": 5, "low": 5])
        try await queue.redis("HSET", queue.key("stats"), "credits", "much - 1e9")
        try await queue.redis("HSET", queue.key("config"), "weights", "heavy", "lease", "long", "maxEvents", "x")
        #expect(try await claim(15, by: 4) == ["high": 5, "normal": 5, "low": 5])
    }

    private func fill(_ counts: [String: Int]) async throws {
        for (level, count) in counts { try await queue.fill(count, "priority", level) }
    }

    private func claim(_ total: Int, by size: Int) async throws -> [String: Int] {
        var claimed: [String: Int] = [:]
        var left = total
        while left > 0 {
            let runs = try await queue.turn(min(size, left)).runs
            guard !runs.isEmpty else { break }
            for run in runs { claimed[run.level, default: 0] += 1 }
            left -= runs.count
        }
        return claimed
    }
}
