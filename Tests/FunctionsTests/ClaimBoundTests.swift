import NIOCore
import Redis
import Testing

@Suite struct ClaimBoundTests {
    private static let lab = Lab()
    private let queue: TestQueue
    private static let mebibyte = String(repeating: "m", count: 1 << 20)

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a call hands out 4 MiB of payload, and the rest comes first in the next`() async throws {
        var ids: [String] = []
        for _ in 0..<6 { ids.append(try await queue.enqueue("t", Self.mebibyte, "priority", "low")) }
        let first = try await queue.turn()
        #expect(first.runs.map(\.id) == Array(ids[..<4]))
        #expect(first.flag == "more")
        try await queue.enqueue("urgent", "{}", "priority", "critical")
        let second = try await queue.turn()
        #expect(second.runs.map(\.id).prefix(2) == ids[4...])
        #expect(second.runs.map(\.level) == ["returned", "returned", "critical"])
        #expect(second.runs[0].header["priority"] == "low")
        #expect(second.runs[0].header["crashes"] == nil && second.runs[0].header["attempt"] == nil)
        let all = first.runs + second.runs
        #expect(try await queue.turn(0, all.map(\.completes)).answers == [String](repeating: "OK", count: 7))
        #expect(try await queue.length("low") == 0)
        #expect(try await queue.length("returned") == 0)
        #expect(try await queue.waiting() == 0)
    }

    @Test func `one job larger than that is handed out alone`() async throws {
        let big = try await queue.enqueue("t", String(repeating: "b", count: 5 << 20))
        let small = try await queue.enqueue()
        #expect(try await queue.turn().runs.map(\.id) == [big])
        #expect(try await queue.turn().runs.map(\.id) == [small])
    }

    @Test func `whatever the sizes, every job is handed out once`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = Seeded(seed)
        var waiting: Set<String> = []
        for _ in 0..<40 {
            let size = Int.random(in: 0...(2 << 20), using: &generator)
            let level = ["high", "normal", "low"].randomElement(using: &generator) ?? "low"
            waiting.insert(try await queue.enqueue("t", String(repeating: "x", count: size), "priority", level))
        }
        while !waiting.isEmpty {
            let turn = try await queue.turn()
            try #require(!turn.runs.isEmpty, "seed \(seed)")
            let bytes = turn.runs.reduce(0) { $0 + $1.payload.readableBytes }
            #expect(bytes <= 4 << 20 || turn.runs.count == 1, "seed \(seed)")
            for run in turn.runs { #expect(waiting.remove(run.id) != nil, "seed \(seed)") }
            _ = try await queue.turn(0, turn.runs.map(\.completes))
        }
        #expect(try await queue.waiting() == 0)
    }

    @Test func `a claim looks at 200 entries and says that there is more`() async throws {
        try await queue.fill(1_000, "priority", "low")
        let ids = try #require(try await queue.redis("HKEYS", queue.key("jobs")).strings)
        for id in ids { try await queue.call("cancel", id) }
        #expect(try await queue.waiting() == 0)
        let living = try await queue.enqueue("t", "{}", "priority", "low")
        for turn in 1...5 {
            let reply = try await queue.turn()
            #expect(reply.runs.isEmpty)
            #expect(reply.flag == "more")
            #expect(try await queue.length("low") == 1_001 - turn * 200)
        }
        let last = try await queue.turn()
        #expect(last.runs.map(\.id) == [living])
        #expect(last.flag == "idle")
    }

    @Test func `a turn promotes 200 due jobs at most`() async throws {
        try await queue.fill(250, "delay", "60000")
        let ids = try #require(try await queue.redis("ZRANGE", queue.key("delayed"), "0", "-1").strings)
        var command = Command("ZADD", queue.key("delayed"))
        for id in ids { command.append(contentsOf: ["1", id]) }
        _ = try await queue.send(command)
        let turn = try await queue.turn(100)
        #expect(turn.runs.count == 100)
        #expect(turn.next == 0)
        #expect(try await queue.integer("ZCARD", queue.key("delayed")) == 50)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
