/// How many limits one job of a queue can have at most, by the rule of `compile` in `lua/settings.lua`: those of its queue,
/// of the type and of the key that have the most. A key without a limit of its own has that of every key.
struct LimitCount {
    /// A claim looks at two lanes a job at most, which keeps it quick.
    static let most = 2

    private(set) var queue = 0
    private(set) var type = 0
    private(set) var key = 0

    var total: Int { queue + type + key }

    /// - Parameter settings: in the words of `penstock_configure`.
    init(_ settings: [String: String]) {
        var kinds: [String: [String: Set<String>]] = [:]
        for name in settings.keys {
            let parts = name.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard ["concurrency", "rate"].contains(parts[0]) else { continue }
            let scope = parts.count > 1 ? parts[1] : "queue"
            kinds[scope, default: [:]][parts.count > 2 ? parts[2] : "", default: []].insert(parts[0])
        }
        func most(_ scope: String, _ standard: Set<String> = []) -> Int {
            kinds[scope]?.values.map { $0.union(standard).count }.max() ?? 0
        }
        queue = most("queue")
        type = most("type")
        key = most("key", kinds["key"]?[""] ?? [])
    }

    /// Fact and remedy, or nil where there are not too many.
    var fault: String? {
        guard total > Self.most else { return nil }
        let parts = [(queue, "queue"), (type, "type"), (key, "key")].filter { $0.0 > 0 }.map {
            "\($0.0) of its \($0.1)"
        }
        return "a job could have \(total) limits: \(parts.joined(separator: ", ")); two are the most, so take some out"
    }
}
