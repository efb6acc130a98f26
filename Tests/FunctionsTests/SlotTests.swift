import Redis
import Testing

/// A slot is taken when a claim hands a run out, and given back exactly where XACK of that run answers 1.
@Suite struct SlotTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        try await queue.config("concurrency:key", "1", "concurrency", "5")
    }

    static let verbs: [[String]] = [
        ["completed", "1"], ["skipped", "no change"], ["retry", "60000", "e"], ["snooze", "60000"], ["dead", "e"],
        ["release"], ["unhandled"], ["cancelled"],
    ]

    @Test("every outcome gives the slots back, once", arguments: verbs)
    func outcomes(verb: [String]) async throws {
        try await queue.enqueue("t", "{}", "key", "k", "id", "a")
        let run = try await queue.claimOne()
        #expect(try await slots() == ["concurrency:key:k": "1", "concurrency": "1"])
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["OK"])
        #expect(try await slots() == [:])
        #expect(try await queue.integer("EXISTS", queue.key("holds")) == 0)
        try await queue.enqueue("t", "{}", "key", "k", "id", "b")
        // One of the two, whichever is first.
        #expect(try await queue.claimed().count == 1)
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["LOST"])
        #expect(try await slots() == ["concurrency:key:k": "1", "concurrency": "1"])
        try await queue.expectClean()
    }

    @Test(
        "a worker that lost its run gives no slot back, neither while the job waits nor while it runs", arguments: verbs
    )
    func zombie(verb: [String]) async throws {
        try await queue.enqueue("t", "{}", "key", "k")
        let lost = try await queue.claimOne(by: "zombie")
        try await queue.age(lost, 30_001)
        _ = try await queue.recover()
        #expect(try await slots() == [:])
        #expect(try await queue.settle(lost.name + ["1", "1"] + verb, by: "zombie") == ["LOST"])
        #expect(try await slots() == [:])
        _ = try await queue.claimOne(by: "w2")
        #expect(try await queue.settle(lost.name + ["1", "1"] + verb, by: "zombie") == ["LOST"])
        #expect(try await slots() == ["concurrency:key:k": "1", "concurrency": "1"])
        try await queue.expectClean()
    }

    @Test func `recovery gives the slot back in the same step, and rings`() async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        let run = try await queue.claimOne()
        #expect(try await queue.claimed(by: "w2") == [])
        try await queue.age(run, 30_001)
        _ = try await queue.rung()
        #expect(try await queue.recover() == ["1", "0", "done"])
        #expect(try await queue.rung())
        #expect(try await slots() == [:])
        #expect(try await queue.claimed(by: "w2") == ["a"])
        try await queue.expectClean()
    }

    @Test func `so does the release of what a worker does not know`() async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        _ = try await queue.claimed()
        try await queue.call("renew", "w1", "0", "last", "0")
        #expect(try await slots() == [:])
        #expect(try await queue.claimed(by: "w2") == ["a"])
        try await queue.expectClean()
    }

    @Test func `a job buried after three crashes leaves its slot to the next`() async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        for _ in 0..<3 {
            try await queue.age(queue.claimOne(), 30_001)
            _ = try await queue.recover()
        }
        #expect(try await queue.claimed() == ["b"])
        try await queue.expectClean()
    }

    @Test("a run whose job cannot be read any more gives its slot back", arguments: ["settle", "recover", "release"])
    func unreadable(way: String) async throws {
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        let run = try #require(try await queue.turn().runs.first)
        try await queue.poison("a", "garbage\n{}")
        switch way {
        case "settle": #expect(try await queue.settle(run.completes) == ["OK"])
        case "recover":
            try await queue.age(run, 30_001)
            _ = try await queue.recover()
        default: try await queue.call("renew", "w1", "0", "last", "0")
        }
        #expect(try await queue.claimed() == ["b"])
        try await queue.expectClean()
    }

    @Test(
        "a slot for which the next was let in goes on, if that one goes away",
        arguments: [
            "cancel", "purge", "move", "depart", "poison", "vanish",
        ])
    func gone(way: String) async throws {
        for id in ["a", "b", "c"] { try await queue.enqueue(id, "{}", "key", "k", "id", id) }
        let run = try #require(try await queue.turn().runs.first)
        // Nobody takes what the end of `a` lets in.
        #expect(try await queue.settle(run.completes) == ["OK"])
        switch way {
        case "cancel": try await queue.call("cancel", "b")
        case "purge": try await queue.call("purge", "0", "type", "b")
        case "move": try await queue.call("move", "b", "delay", "60000")
        case "depart": try await queue.call("depart", "b", "elsewhere")
        case "poison": try await queue.poison("b", "garbage")
        default: try await queue.redis("HDEL", queue.key("jobs"), "b")
        }
        #expect(try await queue.claimed() == ["c"])
        #expect(try await slots()["concurrency:key:k"] == "1")
    }

    @Test(
        "so it does for two limits, when the lane that was let in has no room in the other",
        arguments: ["cancel", "move"])
    func twoLimits(way: String) async throws {
        try await queue.config("concurrency", "", "concurrency:type:t", "2")
        for id in ["a0", "a1", "b0", "b1", "c0"] {
            try await queue.enqueue("t", "{}", "key", String(id.prefix(1)), "id", id)
        }
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["a0", "b0"])
        #expect(try await queue.settle(runs[1].completes) == ["OK"])
        // The type's slot is free; key `a` has none.
        if way == "cancel" { try await queue.call("cancel", "b1") }
        if way == "move" { try await queue.call("move", "b1", "delay", "60000") }
        #expect(try await queue.claimed() == ["c0"])
        try await queue.expectClean()
    }

    @Test func `a slot goes on to the next lane when the one that was let in has no room in its other limit`()
        async throws
    {
        try await queue.config("concurrency", "", "concurrency:type:t", "1")
        for key in ["z", "a", "b"] { try await queue.enqueue("t", "{}", "key", key, "id", key) }
        let run = try #require(try await queue.turn().runs.first)
        #expect(run.id == "z")
        // Both wait for the type, and then the key of the first is taken by a job of another type.
        try await queue.enqueue("u", "{}", "key", "a", "id", "u")
        #expect(try await queue.claimed() == ["u"])
        #expect(try await queue.turn(5, [run.completes]).runs.map(\.id) == ["b"])
        try await queue.expectClean()
    }

    @Test func `a run takes a slot only when it is handed out`() async throws {
        let large = String(repeating: "l", count: 3 << 20)
        try await queue.config("concurrency:key", "5")
        for id in ["a", "b"] { try await queue.enqueue("t", large, "key", "k", "id", id) }
        // The second does not fit into the reply.
        #expect(try await queue.claimed() == ["a"])
        #expect(try await slots()["concurrency:key:k"] == "1")
        #expect(try await queue.claimed() == ["b"])
        #expect(try await slots()["concurrency:key:k"] == "2")
        try await queue.expectClean()
    }

    @Test func `a job that is let in and finds no room keeps its place`() async throws {
        for id in ["a", "b", "c", "d"] { try await queue.enqueue("t", "{}", "key", "k", "id", id) }
        var order: [String] = []
        var run = try #require(try await queue.turn().runs.first)
        while order.count < 3 {
            order.append(run.id)
            // `b` and later ones are released once: they come again before those behind them.
            if run.id != "a", order.filter({ $0 == run.id }).count == 1 {
                run = try #require(try await queue.turn(1, [run.ends("release")]).runs.first)
            } else {
                run = try #require(try await queue.turn(1, [run.completes]).runs.first)
            }
        }
        #expect(order == ["a", "b", "b"])
        #expect(try await [run.id] + queue.runAllAfter(run) == ["c", "d"])
    }

    private func slots() async throws -> [String: String] {
        TestQueue.pairs(try await queue.redis("HGETALL", queue.key("slots")))
    }
}

extension TestQueue {
    /// Completes this run, then all that come after it.
    fileprivate func runAllAfter(_ run: Run) async throws -> [String] {
        let turn = try await turn(1, [run.completes])
        guard let next = turn.runs.first else { return [] }
        return try await [next.id] + runAllAfter(next)
    }
}
