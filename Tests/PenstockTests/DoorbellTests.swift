import Foundation
import NIOCore
import Penstock
import Redis
import Servers
import Support
import Testing

/// When a job starts.
@Suite(.timeLimit(.minutes(3))) struct DoorbellTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a job that comes into an idle queue starts without waiting for the next look`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        try await Crew.with(rig.worker(["work": census.handler()])) {
            let time = try await ContinuousClock().measure {
                for round in 1...20 {
                    try await rig.enqueue()
                    try await until("completes") { try await rig.hasCompleted(round) }
                }
            }
            // By looking once a second alone it would take some twenty.
            #expect(time < .seconds(10))
        }
    }

    @Test func `a plain XADD is a job`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let wire = try await rig.wire()
        try await Crew.with(rig.worker(["work": census.handler()])) {
            try await rig.enqueue()
            try await until("the worker is idle") { try await rig.hasCompleted(1) }
            let entry = try await wire.send("XADD", rig.key("high"), "*", "type", "work", "payload", "{\"a\":1}").string
            try await until("completes") { try await rig.hasCompleted(2) }
            let job = try #require(census.jobs.last)
            #expect(job.id == "high-\(entry ?? "")" && job.priority == .high && job.attempt == 1)
            #expect(job.payload == ByteBuffer(string: "{\"a\":1}"))
        }
    }

    @Test func `a delayed job runs when its time has come, by the clock of Redis`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        try await Crew.with(rig.worker(["work": census.handler()])) {
            let late = try await rig.enqueue { $0.delay = .milliseconds(900) }
            let soon = try await rig.enqueue { $0.delay = .milliseconds(300) }
            let past = try await rig.enqueue { $0.at = Date(timeIntervalSince1970: 1) }
            try await until("all complete") { try await rig.hasCompleted(3) }
            #expect(census.jobs.map(\.id) == [past, soon, late])
        }
        for (event, delay) in zip(try await rig.events(), [0, 300, 900]) {
            let header = try #require(event.header)
            #expect(try #require(event.run?.startedAt) >= Int64(header.enqueuedAt + delay))
            #expect(header.runAt ?? header.enqueuedAt >= header.enqueuedAt + delay)
        }
    }

    @Test func `a delay that is longer than the lease runs once`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 1000)
        let census = Census()
        let worker = try rig.worker([
            "work": census.handler { job in
                if job.attempt == 1 { throw Retry(after: .milliseconds(2500)) }
                return .none
            }
        ])
        let delayed = try await rig.enqueue { $0.delay = .milliseconds(2500) }
        try await Crew.with(worker, rig.scheduler()) { try await until("completes") { try await rig.hasCompleted(1) } }
        #expect(census.runs == [delayed: 2])
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.retried, .completed])
        #expect(try #require(events.last?.run?.startedAt) - (events.first?.id.milliseconds ?? 0) >= 2500)
    }

    @Test func `more urgent jobs run first`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        for priority in [Priority.low, .normal, .high, .critical] {
            try await rig.enqueue { $0.priority = priority }
            try await rig.enqueue { $0.priority = priority }
        }
        try await Crew.with(rig.worker(concurrency: 1, ["work": census.handler()])) {
            try await until("all complete") { try await rig.hasCompleted(8) }
        }
        #expect(census.jobs.prefix(3).map(\.priority) == [.critical, .critical, .high])
        #expect(census.jobs.last?.priority == .low)
    }
}
