/// A kind of queue whose claims are measured, and what they are held against.
struct ScaleCase: Sendable {
    let name: String
    /// What a claim of this kind is compared with, measured in turns with it.
    let base: String?
    let settings: [String: String]
    /// Fills the queue so that `count` jobs can be claimed.
    let setup: @Sendable (_ load: inout ScaleLoad, _ count: Int) async throws -> Void

    init(
        _ name: String, to base: String? = "few jobs", settings: [String: String] = [:],
        setup: @escaping @Sendable (_ load: inout ScaleLoad, _ count: Int) async throws -> Void
    ) {
        self.name = name
        self.base = base
        self.settings = settings
        self.setup = setup
    }

    /// What a feature costs in a small queue stands before what it costs in a large one, so that the second ratio says what
    /// grows, and only that.
    static func all(_ sizes: ScaleOptions) -> [ScaleCase] {
        let keys = sizes.keys
        return [
            ScaleCase("few jobs", to: nil) { load, count in try await load.fill(count) },
            ScaleCase("\(sizes.waiting) waiting") { load, count in try await load.fill(max(sizes.waiting, count)) },
            ScaleCase("a limit, 1 key", settings: ["concurrency:key": "1000"]) { load, count in
                try await load.fill(count, keys: 1)
            },
            ScaleCase("a limit, \(keys) keys", settings: ["concurrency:key": "1000"]) { load, count in
                try await load.fill(count, keys: keys)
            },
            ScaleCase("a limit, 1 type stopped", settings: ["concurrency:type:stopped": "1"]) { load, count in
                try await load.stop(100)
                try await load.fill(count)
            },
            ScaleCase(
                "a limit, \(sizes.parked) parked", to: "a limit, 1 type stopped",
                settings: ["concurrency:type:stopped": "1"]
            ) { load, count in
                try await load.stop(sizes.parked)
                try await load.fill(count)
            },
            ScaleCase("fair, 1 key", settings: ["fair": "yes"]) { load, count in try await load.fill(count, keys: 1) },
            ScaleCase("fair, \(keys) keys", to: "fair, 1 key", settings: ["fair": "yes"]) { load, count in
                try await load.fill(count, keys: keys)
            },
            ScaleCase("let in, few parked", settings: ["concurrency:key": "1"]) { load, count in
                try await load.fill(count + keys, keys: keys)
                try await load.claimAll()
            },
            ScaleCase(
                "let in, \(sizes.parked) parked", to: "let in, few parked", settings: ["concurrency:key": "1"]
            ) { load, count in
                try await load.fill(max(sizes.parked, count) + keys, keys: keys)
                try await load.claimAll()
            },
        ]
    }
}
