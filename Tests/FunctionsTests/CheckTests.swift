import Redis
import Testing

/// Every way in which a queue can be wrong is found, and mended without the loss of a job.
@Suite struct CheckTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    /// What is done behind the functions' backs to a queue in which `a` waits, and how `penstock_check` names it.
    enum Violation: String, CaseIterable {
        case unreadable, unreadableDead, nowhere, nowhereAcknowledged, nowhereDelayed, nowhereParked, twiceDelayed,
            twiceDead, twiceParked
        case unheld, unheldByGhost, orphanDelayed, orphanDead, orphanParked, orphanBody, orphanHistory, parkedElsewhere
        case strayEntry, strayRun, heldByNobody, heldStrangely, slotsTooMany, slotsTooFew, slotsOfNobody
        case shutLane, shutLaneOfRoom, shutGate, counterWaiting, counterBytes

        var code: String {
            let codes = [
                "unreadable", "nowhere", "twice", "unheld", "orphan", "stray", "held", "slots", "shut", "counter",
            ]
            return self == .parkedElsewhere ? "orphan" : codes.first { rawValue.hasPrefix($0) } ?? ""
        }
    }

    @Test("what is wrong is found, and mended, and no readable job is lost", arguments: Violation.allCases)
    func mended(violation: Violation) async throws {
        try await queue.config("record", "yes")
        try await queue.enqueue("t", "{}", "id", "a", "unique", "u")
        try await queue.expectClean()
        try await violate(violation)
        let found = try await queue.findings()
        #expect(found.contains { $0.code == violation.code && $0.fate == "found" }, "\(found)")
        #expect(try await queue.findings() == found, "to look changes nothing")
        let mended = try await queue.repair()
        #expect(mended.contains { $0.code == violation.code && $0.fate == "mended" }, "\(mended)")
        #expect(mended.allSatisfy { $0.fate == "mended" }, "\(mended)")
        try await queue.expectClean()
        #expect(try await queue.repair() == [])
        try await queue.config("concurrency:key", "0", "rate:key", "0")
        try await queue.makeDue()
        let isLost = violation == .unreadable || violation == .unreadableDead
        let ids = try await queue.runAll()
        #expect(ids.contains("a") == !isLost, "\(ids)")
        #expect(Set(ids).count == ids.count)
        if isLost { #expect(try await queue.events().contains { $0["kind"] == "dead" && $0["id"] == "a" }) }
        try await queue.expectClean()
    }

    private func violate(_ violation: Violation) async throws {
        let header = try await queue.job("a")?["header"] ?? ""
        switch violation {
        case .unreadable: try await queue.poison("a", "garbage\n{}")
        case .unreadableDead:
            #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
            try await queue.poison("a", "garbage\n{}")
        case .nowhere: try await queue.redis("DEL", queue.key("normal"))
        case .nowhereAcknowledged:
            let run = try await queue.claimOne()
            try await queue.redis("XACK", queue.key("normal"), "workers", run.entry)
        case .nowhereDelayed:
            try await queue.call("move", "a", "delay", "60000")
            try await queue.redis("DEL", queue.key("delayed"))
        case .nowhereParked:
            #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
            try await queue.redis("DEL", queue.key("parked"))
        case .twiceDelayed: try await queue.redis("ZADD", queue.key("delayed"), "99999999999999", "a")
        case .twiceDead: try await queue.redis("ZADD", queue.key("dead"), "1000", "a")
        case .twiceParked:
            let n = header.firstMatch(of: /"n":(\d+)/)?.output.1 ?? "0"
            let member = "type:t\0\u{32}\0" + String(repeating: "0", count: 15 - n.count) + n + "\0a"
            try await queue.redis("ZADD", queue.key("parked"), "0", member)
        case .unheld: try await queue.redis("DEL", queue.key("unique"))
        case .unheldByGhost: try await queue.redis("HSET", queue.key("unique"), "u", "99999999999999 live ghost")
        case .orphanDelayed: try await queue.redis("ZADD", queue.key("delayed"), "1000", "ghost")
        case .orphanDead: try await queue.redis("ZADD", queue.key("dead"), "1000", "ghost")
        case .orphanParked: try await queue.redis("ZADD", queue.key("parked"), "0", "x\0\u{32}\0000000000000001\0ghost")
        case .orphanBody: try await queue.redis("HSET", queue.key("bodies"), "ghost", "b")
        case .orphanHistory: try await queue.redis("HSET", queue.key("history"), "ghost", "{}")
        case .parkedElsewhere:
            // A live job's id, under a lane that is not the job's.
            try await queue.redis("ZADD", queue.key("parked"), "0", "x\0\u{32}\0000000000000001\0a")
        default: try await violateRuns(violation)
        }
    }

    private func violateRuns(_ violation: Violation) async throws {
        switch violation {
        case .strayEntry:
            try await queue.enqueue("t", "{}", "priority", "high")
            #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
            try await queue.redis("XADD", queue.key("high"), "*", "id", "ghost")
            try await queue.redis(
                "XREADGROUP", "GROUP", "workers", "w1", "COUNT", "1", "STREAMS", queue.key("high"), ">")
        case .strayRun:
            try await queue.enqueue("t", "{}", "id", "b", "priority", "high")
            _ = try await queue.claimOne()
            try await queue.redis("HDEL", queue.key("jobs"), "b")
            try await queue.redis("HINCRBY", queue.key("stats"), "bytes", "-2")
        case .heldByNobody:
            try await queue.config("concurrency:key", "1")
            try await queue.redis("HSET", queue.key("holds"), "normal 5-1", "concurrency:key:k")
            try await queue.redis("HSET", queue.key("slots"), "concurrency:key:k", "1")
        case .heldStrangely: try await queue.redis("HSET", queue.key("holds"), "nonsense", "concurrency:key:k")
        case .slotsTooMany, .slotsTooFew:
            try await queue.config("concurrency:key", "1")
            try await queue.enqueue("t", "{}", "id", "b", "priority", "critical", "key", "k")
            let run = try await queue.claimOne()
            try await queue.redis(
                "HINCRBY", queue.key("slots"), "concurrency:key:k", violation == .slotsTooMany ? "1" : "-1")
            if violation == .slotsTooMany { #expect(try await queue.settle(run.completes) == ["OK"]) }
        case .slotsOfNobody: try await queue.redis("HSET", queue.key("slots"), "concurrency:key:k", "3")
        case .shutLane, .shutLaneOfRoom:
            try await queue.config("concurrency:key", "1")
            for id in ["b", "c"] { try await queue.enqueue("t", "{}", "id", id, "key", "k", "priority", "critical") }
            let run = try await queue.claimOne()
            #expect(try await queue.claimed(0) == [])
            #expect(try await queue.claimed() == ["a"])
            if violation == .shutLaneOfRoom { #expect(try await queue.settle(run.completes) == ["OK"]) }
            // Nobody knows of the lane any more.
            try await queue.redis("DEL", queue.key("stalled"), queue.key("open"))
            _ = try await queue.settle(queue.claimAgain("a").ends("release"))
        case .shutGate:
            try await queue.config("rate:key", "1/60000")
            for id in ["b", "c"] { try await queue.enqueue("t", "{}", "id", id, "key", "k", "priority", "critical") }
            #expect(try await queue.claimed() == ["b", "a"])
            try await queue.redis("DEL", queue.key("gates"))
            _ = try await queue.settle(queue.claimAgain("a").ends("release"))
        case .counterWaiting: try await queue.redis("HINCRBY", queue.key("stats"), "waiting:low", "3")
        case .counterBytes: try await queue.redis("HINCRBY", queue.key("stats"), "bytes", "-7")
        default: Issue.record("no such violation")
        }
    }
}
