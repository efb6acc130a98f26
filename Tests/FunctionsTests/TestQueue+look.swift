import Redis
import Testing

extension TestQueue {
    func stat(_ field: String) async throws -> Int { try await integer("HGET", key("stats"), field) }

    /// What the queue counts as waiting, all streams together.
    func waiting() async throws -> Int {
        var sum = 0
        for stream in streams { sum += try await stat("waiting:\(stream)") }
        return sum
    }

    var streams: [String] { ["returned", "critical", "high", "normal", "low"] }

    func config(_ settings: String...) async throws { _ = try await reply("configure", settings) }

    /// What `penstock_job` says, nil for a job that is gone.
    func job(_ id: String) async throws -> [String: String]? {
        do {
            return Self.pairs(try await reply("job", [id], readOnly: true))
        } catch RedisError.server(code: "UNKNOWN", _) {
            return nil
        }
    }

    func state(_ id: String) async throws -> String? { try await job(id)?["state"] }

    func header(_ id: String) async throws -> [String: String] { Run.fields(try await job(id)?["header"] ?? "{}") }

    func backlog() async throws -> [String: String] { Self.pairs(try await reply("backlog", [], readOnly: true)) }

    /// All recorded events, the oldest first.
    func events() async throws -> [[String: String]] {
        try await redis("XRANGE", key("events"), "-", "+").array?
            .compactMap { $0.array.map { Self.pairs($0[1]) } } ?? []
    }

    func kinds() async throws -> [String] { try await events().map { $0["kind"] ?? "" } }

    /// Entries of a stream, delivered or not.
    func length(_ stream: String) async throws -> Int { try await integer("XLEN", key(stream)) }

    /// Replaces what `jobs` holds for an id.
    func poison(_ id: String, _ text: String) async throws { try await redis("HSET", key("jobs"), id, text) }

    /// Makes a run look silent for so long.
    func age(_ run: Run, _ milliseconds: Int) async throws {
        try await redis(
            "XCLAIM", key(run.level), "workers", run.consumer, "0", run.entry, "IDLE", String(milliseconds), "JUSTID")
    }

    /// Recovers, as a scheduler would that called a moment ago.
    func recover() async throws -> [String] {
        try await redis("HSET", key("stats"), "recoveredAt", "99999999999999", "recoverAfter", "0")
        return try await call("recover")
    }

    static func pairs(_ reply: Reply) -> [String: String] {
        let words = reply.array?.map { $0.string ?? "" } ?? []
        return Dictionary(
            stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }, uniquingKeysWith: { $1 })
    }
}
