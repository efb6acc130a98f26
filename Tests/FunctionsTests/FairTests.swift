import Redis
import Testing

/// Keys take turns: `fair yes`.
@Suite struct FairTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.config("fair", "yes")
    }

    @Test("ten thousand jobs of one key delay another's single job by one round at most", arguments: [0, 1, 500])
    func flood(claimedBefore: Int) async throws {
        try await queue.fill(10_000, "key", "flood")
        for _ in 0..<claimedBefore { _ = try await queue.turn(1) }
        try await queue.enqueue("t", "{}", "key", "single", "id", "single")
        let ids = try await queue.claimed(1) + queue.claimed(1)
        #expect(ids.contains("single"))
        // And the same for a third, while both go on.
        try await queue.enqueue("t", "{}", "key", "third", "id", "third")
        try await queue.enqueue("t", "{}", "key", "single", "id", "again")
        let next = try await queue.claimed(1) + queue.claimed(1) + queue.claimed(1)
        #expect(next.contains("third") && next.contains("again"))
    }

    @Test("keys share evenly, however many jobs each has and whatever the size of a call", arguments: [1, 3, 10, 100])
    func shares(size: Int) async throws {
        for (key, count) in [("a", 300), ("b", 100), ("c", 40)] { try await queue.fill(count, "key", key) }
        var keys: [String] = []
        while keys.count < 120 {
            keys += try await queue.turn(min(size, 120 - keys.count)).runs.map { $0.header["key"] ?? "" }
        }
        #expect(Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +) == ["a": 40, "b": 40, "c": 40])
        // Every round has each key once.
        for round in stride(from: 0, to: 120, by: 3) { #expect(Set(keys[round..<round + 3]) == ["a", "b", "c"]) }
    }

    @Test func `a key keeps no turns of a time before the queue ceased to be fair`() async throws {
        try await queue.fill(50, "key", "a")
        try await queue.config("fair", "no")
        #expect(try await queue.runAll().count == 50)
        // Something stays parked, so that no sweep forgets all turns.
        try await queue.config("concurrency:type:slow", "1", "fair", "yes")
        for _ in 0..<2 { try await queue.enqueue("slow", "{}") }
        _ = try await queue.claimed()
        try await queue.fill(20, "key", "b")
        try await queue.enqueue("t", "{}", "key", "a", "id", "a1")
        #expect(try await queue.claimed(3).contains("a1"))
    }

    @Test func `the jobs of one key stay in order`() async throws {
        for number in 0..<20 {
            for key in ["a", "b"] { try await queue.enqueue("t", "{}", "key", key, "id", "\(key)\(number)") }
        }
        let ids = try await queue.runAll(7)
        #expect(ids.count == 40)
        for key in ["a", "b"] { #expect(ids.filter { $0.hasPrefix(key) } == (0..<20).map { "\(key)\($0)" }) }
    }

    @Test func `a key that was away saves nothing up`() async throws {
        try await queue.fill(100, "key", "busy")
        for _ in 0..<50 { _ = try await queue.turn(1) }
        try await queue.fill(100, "key", "new")
        let keys = try await queue.turn(40).runs.map { $0.header["key"] ?? "" }
        #expect(abs(keys.filter { $0 == "new" }.count - 20) <= 1)
    }

    @Test func `jobs without a key take turns by their type`() async throws {
        for _ in 0..<50 { try await queue.enqueue("many") }
        try await queue.enqueue("few", "{}", "id", "few")
        try await queue.enqueue("many", "{}", "key", "k", "id", "keyed")
        #expect(Set(try await queue.claimed(3)).isSuperset(of: ["few", "keyed"]))
    }

    @Test func `levels keep their shares, and turns are within a level`() async throws {
        for level in ["high", "normal", "low"] {
            for key in ["a", "b"] { try await queue.fill(200, "priority", level, "key", key) }
        }
        var counts: [String: Int] = [:]
        for _ in 0..<20 {
            for run in try await queue.turn(10).runs {
                counts["\(run.header["priority"] ?? "normal") \(run.header["key"] ?? "")", default: 0] += 1
            }
        }
        #expect(counts == ["high a": 60, "high b": 60, "normal a": 30, "normal b": 30, "low a": 10, "low b": 10])
    }

    @Test func `a critical job is claimed before all turns`() async throws {
        try await queue.fill(50, "key", "a")
        try await queue.enqueue("t", "{}", "key", "a", "priority", "critical", "id", "urgent")
        #expect(try await queue.claimed(1) == ["urgent"])
    }

    @Test func `a key at its limit loses its turns, and has them again when it has room`() async throws {
        try await queue.config("concurrency:key", "2")
        for key in ["a", "b"] { try await queue.fill(30, "key", key) }
        let runs = try await queue.turn().runs
        #expect(runs.map { $0.header["key"] } == ["a", "b", "a", "b"])
        try await queue.expectClean()
        let next = try await queue.turn(10, runs.map(\.completes)).runs
        #expect(next.map { $0.header["key"] ?? "" }.sorted() == ["a", "a", "b", "b"])
        let ids = try await Set(runs.map(\.id) + next.map(\.id) + rest(next))
        #expect(ids.count == 60)
        try await queue.expectClean()
    }

    @Test func `a key that waits for its limit has its turns among the keys that do not`() async throws {
        try await queue.config("concurrency:key:k", "1")
        try await queue.fill(100, "key", "a")
        for _ in 0..<50 { _ = try await queue.turn(0, queue.turn(1).runs.map(\.completes)) }
        try await queue.fill(30, "key", "k")
        var keys: [String] = []
        var runs = try await queue.turn(1).runs
        for _ in 0..<20 {
            try #require(runs.count == 1)
            keys.append(runs[0].header["key"] ?? "")
            runs = try await queue.turn(1, runs.map(\.completes)).runs
        }
        #expect(abs(keys.filter { $0 == "k" }.count - 10) <= 3, "\(keys)")
    }

    @Test("jobs that are cancelled take their key's turns along", arguments: ["purge", "cancel", "move"])
    func cancelled(way: String) async throws {
        try await queue.fill(40, "key", "a")
        for id in try await queue.redis("HKEYS", queue.key("jobs")).strings ?? [] {
            switch way {
            case "cancel": try await queue.call("cancel", id)
            case "move": try await queue.call("move", id, "delay", "60000")
            default: break
            }
        }
        var cursor = way == "purge" ? "0" : ""
        while !cursor.isEmpty {
            cursor = try await queue.call("purge", cursor)[0]
            if cursor == "0" { break }
        }
        try await queue.fill(10, "key", "b")
        try await queue.enqueue("t", "{}", "key", "a", "id", "a")
        #expect(try await queue.claimed(3).contains("a"))
        try await queue.expectClean()
    }

    @Test("what is given back is claimed before all turns", arguments: ["release", "recover", "renew"])
    func returned(way: String) async throws {
        try await queue.enqueue("t", "{}", "key", "a", "id", "given")
        let run = try await queue.claimOne()
        try await queue.fill(10, "key", "b")
        switch way {
        case "release": #expect(try await queue.settle(run.ends("release")) == ["OK"])
        case "recover":
            try await queue.age(run, 30_001)
            _ = try await queue.recover()
        default: try await queue.call("renew", "w1", "0", "last", "0")
        }
        #expect(try await queue.claimed(1) == ["given"])
    }

    @Test func `what waits in the lanes is waiting, counted and found`() async throws {
        try await queue.fill(7, "key", "a", "priority", "high")
        try await queue.fill(2, "key", "a", "priority", "low")
        try await queue.enqueue("t", "{}", "key", "a", "priority", "high", "id", "last")
        #expect(try await queue.state("last") == "waiting")
        let backlog = try await queue.backlog()
        #expect(backlog["waiting:high"] == "8" && backlog["waiting:low"] == "2" && backlog["waiting:normal"] == "0")
        #expect(backlog["parked"] == "0" && backlog["fair"] == "yes")
        #expect(try await queue.why("last").contains("waits at level high, 7 jobs of it before this one"))
        #expect(try await queue.call("cancel", "last") == ["cancelled", "last"])
        #expect(try await queue.backlog()["waiting:high"] == "7")
        try await queue.expectClean()
    }

    @Test func `plain XADDs and jobs from before take turns too`() async throws {
        try await queue.config("fair", "no")
        try await queue.fill(20, "key", "old")
        try await queue.config("fair", "yes")
        for _ in 0..<3 { try await queue.redis("XADD", queue.key("normal"), "*", "type", "plain", "payload", "{}") }
        try await queue.enqueue("t", "{}", "key", "new", "id", "new")
        let types = try await queue.turn(3).runs.map { $0.id == "new" ? "new" : $0.header["type"] ?? "" }
        #expect(Set(types) == ["t", "plain", "new"])
        #expect(try await queue.runAll().count == 21)
        try await queue.expectClean()
    }

    @Test func `when the queue is fair no longer, what waits in the lanes is claimed all the same`() async throws {
        for key in ["a", "b"] { try await queue.fill(20, "key", key) }
        try await queue.config("fair", "no")
        try await queue.fill(5)
        #expect(try await queue.runAll(7).count == 45)
        try await queue.expectClean()
    }

    @Test("whoever always has one job more keeps no key waiting for ever", arguments: ["same key", "new keys"])
    func endless(way: String) async throws {
        try await queue.enqueue("t", "{}", "key", "A0")
        try await queue.fill(5, "key", "B")
        var keys: [String] = []
        for number in 1...12 {
            let run = try await queue.claimOne()
            keys.append(run.header["key"] ?? "")
            try await queue.enqueue("t", "{}", "key", way == "same key" ? "A0" : "A\(number)")
            #expect(try await queue.settle(run.completes) == ["OK"])
        }
        #expect(keys.filter { $0 == "B" }.count >= 3, "\(keys)")
        // And B keeps nobody waiting either.
        #expect(keys.filter { $0 != "B" }.count >= 5, "\(keys)")
    }

    @Test("behind a limit that keys share they take turns too", arguments: ["limit", "pause"])
    func shared(way: String) async throws {
        if way == "pause" { try await queue.call("pause", "type", "t") }
        if way == "limit" { try await queue.config("concurrency:type:t", "1") }
        try await queue.fill(30, "key", "B")
        _ = try await queue.claimed()
        try await queue.enqueue("t", "{}", "key", "A", "id", "A")
        _ = try await queue.claimed()
        if way == "pause" {
            try await queue.call("resume", "type", "t")
            #expect(try await queue.claimed(3).contains("A"))
        } else {
            var ids: [String] = []
            for _ in 0..<3 {
                let id = try await runningJob()
                let next = try await queue.turn(1, [queue.claimAgain(id).completes]).runs
                ids += next.map(\.id)
            }
            #expect(ids.contains("A"), "\(ids)")
        }
        try await queue.expectClean()
    }

    /// The one job that runs.
    private func runningJob() async throws -> String {
        for id in try await queue.redis("HKEYS", queue.key("jobs")).strings ?? []
        where try await queue.state(id) == "running" {
            return id
        }
        return "none"
    }

    @Test func `what took turns and is gone leaves nothing behind, also while other jobs wait`() async throws {
        try await queue.enqueue("odd", "{}", "key", "odd")
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        try await queue.config("concurrency:type:t", "2", "concurrency:key", "1")
        for round in 0..<3 {
            for key in 0..<20 { try await queue.fill(3, "key", "k\(key)-\(round)") }
            #expect(try await queue.runAll(5).count == 60)
        }
        try await queue.call("sweep")
        let turns = try await queue.redis("HKEYS", queue.key("turns")).strings ?? []
        // The levels' own times, and perhaps who was the last.
        #expect(turns.count <= 3, "\(turns)")
        #expect(try await queue.integer("EXISTS", queue.key("open"), queue.key("stalled")) == 0)
        try await queue.expectClean()
    }

    @Test func `nothing is left behind when all is done`() async throws {
        for key in ["a", "b"] { try await queue.fill(20, "key", key) }
        _ = try await queue.runAll(3)
        try await queue.call("sweep")
        for key in ["parked", "open", "stalled", "turns", "holds", "slots", "jobs"] {
            #expect(try await queue.integer("EXISTS", queue.key(key)) == 0, "\(key)")
        }
    }

    /// Ends these runs and all that follow; the ids of those.
    private func rest(_ runs: [Run]) async throws -> [String] {
        var (ids, runs) = ([String](), runs)
        while !runs.isEmpty {
            runs = try await queue.turn(10, runs.map(\.completes)).runs
            ids += runs.map(\.id)
        }
        return ids
    }
}
