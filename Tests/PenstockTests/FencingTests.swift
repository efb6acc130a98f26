import Redis
import Servers
import Support
import Testing

@testable import Penstock

/// Workers that come back after their lease was over.
@Suite(.timeLimit(.minutes(3))) struct FencingTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a worker whose lease was recovered can finish and renew nothing`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let id = try await rig.enqueue("work", "payload")
        let stolen = try await rig.claim(by: "zombie")
        let (gate, census) = (Gate(), Census())
        let worker = try rig.worker([
            "work": census.handler { _ in
                await gate.pass()
                return try .json("by the living")
            }
        ])
        try await Crew.with(worker, rig.scheduler()) {
            defer { gate.open() }
            try await until("is recovered and runs") { gate.arrived == 1 }
            #expect(try await rig.finish(stolen, by: "zombie") == "LOST")
            let renewal = try await rig.queue.call(
                "renew", ["zombie", "1000", "last", "0", stolen.level, stolen.entry, stolen.id, "\(stolen.n)"])
            #expect(renewal.strings?.last == "LOST")
            // Nor can it by naming the living worker's run.
            let current = Run.Name(level: "returned", entry: stolen.entry, id: id, n: stolen.n)
            #expect(try await rig.finish(current, by: "zombie") == "LOST")
            gate.open()
            try await until("completes") { try await rig.hasCompleted(1) }
            #expect(try await rig.finish(stolen, by: "zombie") == "LOST")
        }
        #expect(census.runs == [id: 1])
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.recovered, .completed])
        #expect(events.first?.run?.worker == "zombie" && events.last?.run?.worker == worker.name)
        #expect(events.last?.header?.crashes == 1 && events.last?.header?.attempt == 1)
        #expect(try await rig.total("completed") == 1)
        #expect(try await rig.total("lost") == 3)
    }

    @Test func `a handler whose lease is lost is cancelled, and only the next run counts`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let census = Census()
        let worker = try rig.worker(
            concurrency: 2,
            [
                "work": census.handler { _ in
                    if census.begun == 1 { try await Task.sleep(for: .seconds(600)) }
                    return .none
                }
            ])
        let id = try await rig.enqueue()
        let wire = try await rig.wire()
        try await Crew.with(worker, rig.scheduler()) {
            try await until("runs") { census.begun == 1 }
            let pending = try await wire.send("XPENDING", rig.key("normal"), "workers", "-", "+", "1").array
            let entry = try #require(pending?.first?.array?.first?.string)
            try await until("is recovered, as if it had been silent for long") {
                _ = try await wire.send(
                    "XCLAIM", rig.key("normal"), "workers", worker.name, "0", entry, "IDLE", "60000", "JUSTID")
                return try await rig.total("recovered") == 1
            }
            try await until("completes") { try await rig.hasCompleted(1) }
            try await until("the first handler ends") { census.ended == 2 }
        }
        #expect(census.runs[id] == 2)
        #expect(try await rig.events().map(\.kind) == [.recovered, .completed])
        #expect(try await rig.total("completed") == 1)
    }

    @Test func `a job whose workers vanish three times is dead`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let id = try await rig.enqueue()
        try await Crew.with(rig.scheduler()) {
            for crash in 1...3 {
                _ = try await rig.claim(by: "gone-\(crash)")
                try await until("is recovered") { try await rig.queue.job(id)?.state != .running }
            }
        }
        let record = try #require(await rig.queue.job(id))
        #expect(record.state == .dead && record.attempts == 0)
        #expect(record.error == "its worker did not come back, 3 times")
        #expect(try await rig.events().map(\.kind) == [.recovered, .recovered, .dead])
    }
}
