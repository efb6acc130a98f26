import Foundation
import NIOCore
import Penstock
import Servers
import Support
import Testing

extension EndToEnd.RivalRaceTests {
    /// A full Redis that cannot drain: what would free its memory is refused like what would fill it.
    @Test func `at maxmemory jobs are refused, those that run end, and with memory freed jobs are taken again`()
        async throws
    {
        try await Arena.with(redis: RedisServer.started(appendOnly: false), ["lease": "2000", "concurrency:key": "9"]) {
            arena in
            let gate = "\(arena.folder)/open"
            let worker = try arena.start(concurrency: 8)
            for _ in 0..<8 { try await arena.enqueue("until \(gate)") { $0.key = "k" } }
            try await eventually("eight running jobs") { try arena.spells().count == 8 }
            let used = try await arena.memory()
            _ = try await arena.send("CONFIG", "SET", "maxmemory", "\(used + 4 << 20)")

            var fillers: [String] = []
            let refusal = try await arena.refusal { fillers.append($0) }
            guard case .outOfMemory = refusal else {
                Issue.record("\(refusal)")
                return
            }
            #expect(fillers.count > 10)
            // Renewals are heard all the while: else the runs would be recovered, and begun anew.
            let full = try await arena.now()
            try await eventually("two leases") { try await arena.now() > full + 4000 }
            #expect(await arena.running() == 8)
            _ = try await arena.refusal { fillers.append($0) }

            try Data().write(to: URL(fileURLWithPath: gate))
            try await eventually("the end of what ran") { await arena.completed() == 8 }
            #expect(try arena.spells().count == 8)
            #expect(try await arena.slots() == [])

            for id in fillers { _ = try await arena.queue.cancel(id) }
            let events = try await arena.events()
            #expect(events.count { $0.kind == .completed } == 8)
            #expect(events.count { $0.kind == .cancelled } == fillers.count)
            try await eventually("room") { (try? await arena.enqueue("sleep 0")) != nil }
            try await eventually("its end") { await arena.completed() == 9 }
            #expect(try await arena.stop([worker]) == [0])
            _ = try await arena.events()
            try await arena.expectClean()
        }
    }
}

extension Arena {
    fileprivate func memory() async throws -> Int {
        let text = try await send("INFO", "memory").string ?? ""
        return text.firstMatch(of: /used_memory:(\d+)/).flatMap { Int($0.1) } ?? 0
    }

    /// Enqueues delayed jobs, large ones first, until none is taken any more.
    fileprivate func refusal(_ accepted: (String) -> Void) async throws -> QueueError {
        var refusal = QueueError.refused("nothing was refused")
        for size in [100_000, 1000, 10] {
            for _ in 0..<10_000 {
                do throws(QueueError) {
                    var job = NewJob(type: "work", payload: ByteBuffer(repeating: UInt8(ascii: "x"), count: size))
                    job.delay = .seconds(3600)
                    accepted(try await queue.enqueue(job).id)
                } catch {
                    refusal = error
                    break
                }
            }
        }
        return refusal
    }
}
