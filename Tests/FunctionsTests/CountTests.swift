import Redis
import Testing

/// The lists never drift apart, whatever happens in whatever order.
@Suite struct CountTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let seeds: [UInt64] = [1, 2, 3, 4, .random(in: .min ... .max), .random(in: .min ... .max)]

    @Test("after random operations every count is true and every job is in one place", arguments: seeds)
    func random(seed: UInt64) async throws {
        var generator = Seeded(seed)
        var running: [Run] = []
        var ids: Set<String> = []
        for step in 0..<400 {
            try await act(&generator, &running, &ids)
            if step % 20 == 19 { try await check(running, "seed \(seed) step \(step)") }
        }
        try await drain(running, "seed \(seed)")
    }

    private func act(_ generator: inout Seeded, _ running: inout [Run], _ ids: inout Set<String>) async throws {
        switch Int.random(in: 0..<14, using: &generator) {
        case 0..<4:
            let level = ["critical", "high", "normal", "low"].randomElement(using: &generator) ?? "low"
            let id = "job\(Int.random(in: 0..<40, using: &generator))"
            ids.insert(id)
            let extra = [["delay", "0"], ["delay", "99999"], ["unique", "u\(id.last ?? "0")"]]
            _ = try await queue.reply(
                "enqueue", ["t", "{}", "id", id, "priority", level] + (extra.randomElement(using: &generator) ?? []))
        case 4..<7:
            running += try await queue.turn(Int.random(in: 1...5, using: &generator)).runs
        case 7..<10:
            let count = min(running.count, Int.random(in: 1...4, using: &generator))
            running.shuffle(using: &generator)
            let outcomes = running.suffix(count).map { run in
                run.name + ["1", "1"] + (FencingTests.verbs.randomElement(using: &generator) ?? [])
            }
            running.removeLast(count)
            #expect(try await queue.turn(0, outcomes).answers.allSatisfy { $0 == "OK" })
        case 10:
            if let run = running.popLast() {
                try await queue.age(run, 30_001)
                _ = try await queue.recover()
            }
        case 11:
            if let id = ids.randomElement(using: &generator), try await queue.state(id) != "running" {
                _ = try await queue.refusal("cancel", [id])
            }
        case 12:
            if let id = ids.randomElement(using: &generator) { _ = try await queue.refusal("requeue", [id]) }
        default:
            for id in try await queue.redis("ZRANGE", queue.key("delayed"), "0", "2").strings ?? [] {
                try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
            }
            try await queue.call("sweep")
            try await queue.call("renew", "w1", "99999999", "last", "1", "t")
        }
    }

    /// Counts what is there and compares it with what the queue says.
    private func check(_ running: [Run], _ place: Comment) async throws {
        var states: [String: Int] = [:]
        for id in try await queue.redis("HKEYS", queue.key("jobs")).strings ?? [] {
            states[try await queue.state(id) ?? "gone", default: 0] += 1
        }
        let backlog = try await queue.backlog()
        func total(_ prefix: String) -> Int {
            queue.streams.reduce(0) { $0 + (Int(backlog["\(prefix):\($1)"] ?? "") ?? 0) }
        }
        #expect(total("waiting") == states["waiting", default: 0], place)
        #expect(total("running") == states["running", default: 0], place)
        #expect(running.count == states["running", default: 0], place)
        for state in ["delayed", "parked", "dead"] {
            #expect(Int(backlog[state] ?? "") == states[state, default: 0], place)
        }
        for stream in queue.streams { #expect((Int(backlog["waiting:\(stream)"] ?? "") ?? -1) >= 0, place) }
    }

    /// Ends everything; as many runs must come out as are counted as waiting, and nothing may be left.
    private func drain(_ running: [Run], _ place: Comment) async throws {
        _ = try await queue.turn(0, running.map(\.completes))
        try await queue.call("renew", "w1", "99999999", "last", "1", "t")
        while true {
            let waiting = try await queue.waiting()
            var claimed: [Run] = []
            while true {
                let turn = try await queue.turn(7)
                claimed += turn.runs
                if turn.runs.isEmpty && turn.flag != "more" { break }
            }
            #expect(claimed.count == waiting, place)
            for start in stride(from: 0, to: claimed.count, by: 100) {
                _ = try await queue.turn(0, claimed[start..<min(claimed.count, start + 100)].map(\.completes))
            }
            let delayed = try await queue.redis("ZRANGE", queue.key("delayed"), "0", "-1").strings ?? []
            if delayed.isEmpty { break }
            for id in delayed { try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id) }
            try await queue.call("sweep")
        }
        for stream in queue.streams { #expect(try await queue.length(stream) == 0, place) }
        let dead = try await queue.integer("ZCARD", queue.key("dead"))
        #expect(try await queue.integer("HLEN", queue.key("jobs")) == dead, place)
        #expect(try await queue.integer("EXISTS", queue.key("parked"), queue.key("delayed")) == 0, place)
        let accepted = try await queue.stat("accepted")
        let ends = try await queue.stat("completed") + queue.stat("cancelled") + dead
        #expect(accepted == ends, place)
    }
}
