extension Queue {
    /// One of the keys that a queue has in Redis.
    public struct Key: Sendable, Equatable {
        /// As Redis spells it, hash tag included.
        public let name: String
        /// What `TYPE` answers where the key exists.
        public let type: String
        /// Members, fields or entries, and what they are for.
        public let meaning: String
    }

    /// All keys that this queue can ever have, in the order of `docs/keys.md`: for services that want every key declared. All
    /// are in one slot of a cluster. Most do not exist most of the time.
    public var keys: [Key] {
        Self.layout.map { Key(name: "penstock:{\(name)}:\($0.name)", type: $0.type, meaning: $0.meaning) }
    }

    /// What `lua/prelude.lua` spells as `NAMES`, and says about each; a test compares the two.
    private static let layout: [(name: String, type: String, meaning: String)] = [
        ("returned", "stream", "runs given back by recovery and release, claimed before all others; group workers"),
        ("critical", "stream", "an entry for each job that waits or runs at level 0; group workers"),
        ("high", "stream", "the same at level 1"),
        ("normal", "stream", "the same at level 2"),
        ("low", "stream", "the same at level 3"),
        ("jobs", "hash", "id: header, and behind a newline the payload of up to 1 KiB; live and dead jobs"),
        ("bodies", "hash", "id: payload over 1 KiB"),
        ("delayed", "zset", "id at its due time in ms"),
        ("parked", "zset", "lane, level, place and id of a job that waits for a limit, a turn, a worker or a move"),
        ("open", "zset", "lanes of parked that a claim looks at, by level and place"),
        ("stalled", "zset", "lanes of parked that wait for a limit to have room"),
        ("turns", "hash", "lane last let in of each limit; virtual times of a fair queue's levels and keys"),
        ("slots", "hash", "concurrency limit: runs that count under it"),
        ("holds", "hash", "run: limits whose slots it has"),
        ("rates", "zset", "rate limit at its theoretical arrival time in us"),
        ("gates", "zset", "rate limit at the time in ms when it lets the next job in"),
        ("dead", "zset", "id of a dead letter at its time of death in ms"),
        ("history", "hash", "id: the last ten errors of a failing job, a line of JSON each"),
        ("unique", "hash", "unique key: expiry, state and id of its holder"),
        ("unique:expiry", "zset", "unique key at its expiry in ms, for the sweep"),
        ("bell", "zset", "the doorbell: one member while it rings"),
        ("events", "stream", "ends of runs for Postgres; group sink"),
        ("config", "hash", "settings that everyone obeys"),
        ("stats", "hash", "counters, totals, and the policy's credits"),
    ]
}
