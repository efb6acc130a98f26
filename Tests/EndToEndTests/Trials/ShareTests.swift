import Foundation
import NIOCore
import Penstock
import Testing

@testable import Trial

extension EndToEnd {
    /// How the levels share the workers of three processes.
    @Suite struct ShareTests {
        private static let slots = 24
        /// The looks are at as many starts as these.
        private static let starts = 2000

        @Test(arguments: [[6, 3, 1], [2, 5, 3], [1, 1, 8]])
        func `three saturated levels are served by their weights`(weights: [Int]) async throws {
            let text = weights.map(String.init).joined(separator: ":")
            try await Arena.with(["weights": text]) { arena in
                // Half as many again as can be looked at: no level runs dry before.
                let counts = weights.map { $0 * Self.starts / 10 * 3 / 2 }
                let spells = try await Self.serve(counts, in: arena)
                let seen = Dictionary(spells.prefix(Self.starts).map { ($0.level, 1) }, uniquingKeysWith: +)
                print("shares: \(text): \(seen.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
                for (level, weight) in zip(["high", "normal", "low"], weights) {
                    let wanted = weight * Self.starts / 10
                    #expect(
                        abs((seen[level] ?? 0) - wanted) * 20 <= wanted, "\(level): \(seen[level] ?? 0) of \(wanted)")
                }
            }
        }

        @Test func `in strict order a level is served when those above it are empty`() async throws {
            try await Arena.with(["policy": "strict"]) { arena in
                let counts = [400, 300, 200]
                let levels = try await Self.serve(counts, in: arena).map(\.level)
                // Runs that were claimed one after the other may begin in another order, as many as there are slots.
                #expect(try #require(levels.firstIndex(of: "normal")) >= counts[0] - Self.slots)
                #expect(try #require(levels.firstIndex(of: "low")) >= counts[0] + counts[1] - Self.slots)
                #expect(levels.count == counts.reduce(0, +))
            }
        }

        @Test func `in a fair queue ten thousand jobs of one key do not hold up the single jobs of others`()
            async throws
        {
            try await Arena.with(["fair": "yes"]) { arena in
                func job(_ key: String) -> NewJob {
                    var job = NewJob(type: "work", payload: ByteBuffer(string: "sleep 3"))
                    job.key = key
                    return job
                }
                try await arena.enqueue((0..<10_000).map { _ in job("flood") })
                let processes = try (0..<3).map { _ in try arena.start(workers: 1, concurrency: Self.slots / 3) }
                try await arena.ready(3)
                var enqueued: [String: UInt64] = [:]
                for number in 0..<20 {
                    let done = await arena.completed()
                    try await arena.enqueue([job("single\(number)")])
                    enqueued["single\(number)"] = Trace.now
                    try await eventually("some more of the flood") { await arena.completed() >= done + 100 }
                }
                #expect(try await arena.queue.backlog().waiting > 1000, "the flood went on all the time")
                try await eventually("the end of all") { await arena.completed() == 10_020 }
                #expect(try await arena.stop(processes) == [0, 0, 0])
                let spells = try arena.spells()
                for (key, moment) in enqueued {
                    let start = try #require(spells.first { $0.key == key }).start
                    let passed = spells.count { $0.key == "flood" && $0.start > moment && $0.start < start }
                    // A round, what was claimed before in each slot, and what others start while this one is on its way.
                    #expect(passed <= 4 * Self.slots, "\(passed) of the flood before \(key)")
                }
            }
        }

        /// Enqueues so many jobs of each level, and lets them all be run from the moment when all are there.
        private static func serve(_ counts: [Int], in arena: Arena) async throws -> [Spell] {
            try await arena.queue.pause()
            for (level, count) in zip([Priority.high, .normal, .low], counts) {
                try await arena.enqueue(jobs(of: level, count))
            }
            let processes = try (0..<3).map { _ in try arena.start(workers: 1, concurrency: slots / 3) }
            try await arena.ready(3)
            try await arena.queue.resume()
            try await eventually("the end of all") { await arena.completed() == counts.reduce(0, +) }
            #expect(try await arena.stop(processes) == [0, 0, 0])
            try await arena.expectClean()
            return try arena.spells()
        }

        private static func jobs(of level: Priority, _ count: Int) -> [NewJob] {
            (0..<count).map { _ in
                var job = NewJob(type: "work", payload: ByteBuffer(string: "sleep 3"))
                job.priority = level
                return job
            }
        }

        @Test func `the low level goes on while the high one is filled again and again`() async throws {
            try await Arena.with { arena in
                let processes = try (0..<3).map { _ in try arena.start(workers: 1, concurrency: Self.slots / 3) }
                try await arena.ready(3)
                try await arena.enqueue(Self.jobs(of: .high, 1000))
                try await arena.enqueue(Self.jobs(of: .low, 100))
                var (high, least) = (1000, 1000)
                while true {
                    let levels = try await arena.queue.backlog().levels
                    if levels.first(where: { $0.name == "low" })?.waiting == 0 { break }
                    let waiting = levels.first { $0.name == "high" }?.waiting ?? 0
                    least = min(least, waiting)
                    if waiting < 1000 {
                        try await arena.enqueue(Self.jobs(of: .high, 500))
                        high += 500
                    }
                }
                try await eventually("the end of all") { await arena.completed() == high + 100 }
                #expect(try await arena.stop(processes) == [0, 0, 0])
                // Else the low ones ran because nothing else was there.
                try #require(least > 0)
                let spells = try arena.spells()
                let places = spells.indices.filter { spells[$0].level == "low" }
                #expect(places.count == 100)
                // One claim in seven; and runs may begin in another order than they were claimed.
                for (place, next) in zip(places, places.dropFirst()) {
                    #expect(next - place <= 7 + 2 * Self.slots, "\(next - place) starts without a low one")
                }
                #expect(places.last.map { $0 - places[0] <= 7 * 100 + 2 * Self.slots } == true)
            }
        }
    }
}
