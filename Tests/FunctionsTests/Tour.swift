import Redis
import Testing

/// A way through everything that makes keys, with a look at the queue after each step.
struct Tour: Sendable {
    /// Types of all keys that were there at some time, and all fields of `config` and `stats`.
    private(set) var types: [String: String] = [:]
    private(set) var config: Set<String> = []
    private(set) var stats: Set<String> = []
    private let queue: TestQueue

    init(_ queue: TestQueue) { self.queue = queue }

    func taken() async throws -> Tour {
        var tour = self
        try await tour.limits()
        try await tour.ends()
        try await tour.deaths()
        try await tour.lanes()
        return tour
    }

    /// The field with the name of a type or key in it as documents have it.
    static func placeholder(_ field: String) -> String {
        let parts = field.split(separator: ":")
        guard parts.count == 3 else { return field }
        return "\(parts[0]):\(parts[1]):\(parts[1].uppercased())"
    }

    private mutating func look() async throws {
        for key in try await queue.redis("KEYS", queue.key("*")).strings ?? [] {
            types[key] = try await queue.redis("TYPE", key).string
        }
        config.formUnion(try await queue.redis("HKEYS", queue.key("config")).strings ?? [])
        stats.formUnion(try await queue.redis("HKEYS", queue.key("stats")).strings ?? [])
    }

    /// Jobs that limits stop, and a run's end that lets one in.
    private mutating func limits() async throws {
        try await queue.config(
            "record", "yes", "concurrency:key", "1", "rate:type:slow", "1/60000", "retries:type:t", "9/9")
        try await queue.call("pause", "type", "paused")
        for _ in 1...2 {
            try await queue.enqueue("t", "{}", "key", "k")
            try await queue.enqueue("slow")
        }
        let runs = try await queue.turn().runs
        try await look()
        #expect(try await queue.settle(try #require(runs.first { $0.header["key"] == "k" }).completes) == ["OK"])
        try await look()
    }

    /// All ways in which a run ends, at all levels.
    private mutating func ends() async throws {
        let large = String(repeating: "p", count: 2_000)
        for level in ["critical", "high", "low"] { try await queue.enqueue("t", large, "priority", level) }
        try await queue.enqueue("t", "{}", "delay", "60000", "unique", "u")
        for conflict in ["skip", "replace"] {
            _ = try await queue.reply("enqueue", ["t", "{}", "unique", "u", "conflict", conflict])
        }
        try await look()
        let runs = try await queue.turn().runs
        _ = try await queue.settle(
            runs[0].ends("release"), runs[1].ends("skipped", ""), runs[2].ends("retry", "60000", "e"))
        _ = try await queue.settle(runs[0].ends("release"))
        try await look()
        try await queue.settle(queue.claimOne().ends("snooze", "60000")).forEach { #expect($0 == "OK") }
        _ = try await queue.reply("unrouted", [])
        try await queue.call("cancel", try await queue.enqueue())
    }

    /// A lost worker, and what becomes of dead letters.
    private mutating func deaths() async throws {
        for fate in ["requeue", "resolve", "sweep"] {
            let id = try await queue.enqueue("t", "{}", "priority", "critical")
            var run = try await queue.claimOne()
            if fate == "sweep" {
                try await queue.age(run, 40_000)
                _ = try await queue.recover()
                run = try await queue.claimOne()
            }
            #expect(try await queue.settle(run.ends("dead", "e")) == ["OK"])
            try await look()
            switch fate {
            case "requeue": try await queue.call("requeue", id, "delay", "60000")
            case "resolve": try await queue.call("resolve", id, "done")
            default:
                try await queue.redis("ZADD", queue.key("dead"), "1", id)
                try await queue.call("sweep")
            }
        }
        _ = try await queue.call("recover")
        try await queue.call("drain")
        try await queue.call("pause")
        try await look()
        try await queue.call("resume")
    }

    /// More lanes than one sweep, or one change of the limits, looks at.
    private mutating func lanes() async throws {
        try await queue.fillKeys(1_100, 2)
        _ = try await queue.claimAll()
        try await queue.call("sweep")
        try await queue.config("concurrency:key", "2")
        try await look()
        // Keys that take turns.
        _ = try await queue.reply("configure", ["fair", "yes"])
        try await queue.enqueue("t", "{}", "key", "fair")
        try await look()
    }
}
