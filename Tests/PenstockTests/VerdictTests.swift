import NIOCore
import Penstock
import Servers
import Support
import Testing

/// What a handler says of its job, beside success and failure.
@Suite(.timeLimit(.minutes(3))) struct VerdictTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    private struct Refused: Error {}
    private struct Broken: Error, CustomStringConvertible { let description: String }

    @Test func `a skipped job is completed, and neither failed nor tried again`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker(["work": { _ in throw Skip("the branch is gone") }])
        let id = try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        let event = try #require(await rig.events().first)
        #expect(event.kind == .completed && event.jobID == id)
        #expect(event.result == ByteBuffer(string: #"{"skipped":"the branch is gone"}"#))
        let totals = try await rig.queue.backlog().totals
        #expect(totals["skipped"] == 1 && totals["failed"] == 0 && totals["retried"] == 0)
    }

    @Test func `a snoozed job comes again, and no attempt is charged, however often`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": JobType(
                attempts: 1,
                handler: census.handler { _ in
                    if census.begun < 4 { throw Snooze(after: .milliseconds(20)) }
                    return .none
                })
        ])
        try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        #expect(census.jobs.map(\.attempt) == [1, 1, 1, 1])
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.snoozed, .snoozed, .snoozed, .completed])
        #expect(events.last?.header?.attempt == 1)
        #expect(try await rig.total("failed") == 0)
    }

    @Test func `a snoozed job starts no earlier than it was told to`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": census.handler { _ in
                if census.begun == 1 { throw Snooze(after: .milliseconds(600)) }
                return .none
            }
        ])
        try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        let events = try await rig.events()
        let (first, second) = (try #require(events.first), try #require(events.last?.run?.startedAt))
        #expect(second - first.id.milliseconds >= 600)
    }

    @Test func `the class of an error decides what becomes of the job`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let policy = RetryPolicy(
            .fixed([.seconds(3600)]),
            rules: [
                .init(.bury, for: Refused.self), .init(.skip, containing: "gone"),
                .init(.retry(.fixed([.zero])), containing: "busy"),
            ])
        let worker = try rig.worker([
            "refused": JobType(retries: policy) { _ in throw Refused() },
            "gone": JobType(retries: policy) { _ in throw Broken(description: "the branch is gone") },
            "busy": JobType(
                retries: policy,
                handler: census.handler { job in
                    if job.attempt < 3 { throw Broken(description: "the server is busy") }
                    return .none
                }),
            "other": JobType(retries: policy) { _ in throw Broken(description: "something else") },
        ])
        let (refused, other) = (try await rig.enqueue("refused"), try await rig.enqueue("other"))
        try await rig.enqueue("gone")
        try await rig.enqueue("busy")
        try await Crew.with(worker) {
            try await until("each has met its fate") {
                let backlog = try await rig.queue.backlog()
                return backlog.totals["completed"] == 2 && backlog.dead == 1 && backlog.delayed == 1
            }
        }
        #expect(census.begun == 3)
        #expect(try await rig.queue.job(refused)?.state == .dead)
        #expect(try await rig.queue.job(other)?.state == .delayed)
        #expect(try await rig.total("skipped") == 1)
    }

    @Test func `a rule can name a timeout`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "work": JobType(
                timeout: .milliseconds(50), retries: RetryPolicy(rules: [.init(.bury, for: TimedOut.self)])
            ) { _ in
                try await Task.sleep(for: .seconds(600))
                return .none
            }
        ])
        let id = try await rig.enqueue()
        try await Crew.with(worker) { try await until("dies") { try await rig.total("dead") == 1 } }
        #expect(try await rig.queue.job(id)?.attempts == 1)
    }

    @Test func `a job of a type without a sign of life is stopped, one that gives them goes on`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let gate = Gate()
        let worker = try rig.worker([
            "silent": JobType(heartbeat: .milliseconds(100), attempts: 1) { _ in
                try await Task.sleep(for: .seconds(600))
                return .none
            },
            "lively": JobType(heartbeat: .seconds(2), attempts: 1) { job in
                // Longer than the limit altogether, never longer without a sign.
                for _ in 0..<60 {
                    try await Task.sleep(for: .milliseconds(50))
                    job.heartbeat()
                }
                gate.open()
                return .none
            },
        ])
        let silent = try await rig.enqueue("silent")
        let lively = try await rig.enqueue("lively")
        try await Crew.with(worker) {
            try await until("both end") {
                let totals = try await rig.queue.backlog().totals
                return totals["completed"] == 1 && totals["dead"] == 1
            }
        }
        #expect(gate.isOpen)
        let events = try await rig.events()
        #expect(events.of(.dead).map(\.jobID) == [silent])
        #expect(events.of(.dead).first?.error == "gave no heartbeat for 0.1 seconds")
        #expect(events.of(.completed).map(\.jobID) == [lively])
    }

    @Test func `the retries of an outage come at the pace of their budget, not all at once`() async throws {
        let rig = try await Rig(on: Self.server.get(), settings: ["retries:type:work": "10/1000"])
        let worker = try rig.worker(
            concurrency: 50,
            [
                "work": JobType(retries: RetryPolicy(.fixed([.zero]))) { job in
                    if job.attempt == 1 { throw Broken(description: "the server is away") }
                    return .none
                }
            ])
        try await rig.enqueue(count: 20)
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(20) } }
        let events = try await rig.events()
        let failed = events.of(.retried).map(\.id.milliseconds).min() ?? 0
        let starts = events.of(.completed).compactMap { $0.run?.startedAt }.sorted()
        // The nth retry is due no earlier than n tenths of a second after the first failure.
        for (number, start) in starts.enumerated() { #expect(start - failed >= Int64(number * 100 - 1)) }
        #expect(starts.count == 20)
    }
}
