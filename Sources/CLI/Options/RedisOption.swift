import ArgumentParser

/// Where the queues are.
struct RedisOption: ParsableArguments {
    @Option(
        name: .customLong("redis-url"),
        help: "redis://, rediss:// or unix:// (REDIS_URL); redis://127.0.0.1:6379 without.")
    var url: String?

    static let standard = "redis://127.0.0.1:6379"

    func url(_ environment: [String: String]) -> String { url ?? environment["REDIS_URL"] ?? Self.standard }
}

/// Where the records are.
struct DatabaseOption: ParsableArguments {
    @Option(name: .customLong("database-url"), help: "postgres://USER:PASSWORD@HOST:PORT/DATABASE (DATABASE_URL).")
    var url: String?

    func url(_ environment: [String: String]) -> String? { url ?? environment["DATABASE_URL"] }
}
