import NIOCore
import Penstock
import Servers
import Support
import Testing

/// How the end of a run decides the future of its job.
@Suite(.timeLimit(.minutes(3))) struct RetryTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    private struct Broken: Error, CustomStringConvertible { let description: String }

    private func type(attempts: Int = 5, handler: @escaping Handler) -> JobType {
        JobType(attempts: attempts, retries: RetryPolicy(.exponential(base: .milliseconds(10))), handler: handler)
    }

    @Test func `an error tries the job again, at its level, until it completes`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": type(
                handler: census.handler { job in
                    if job.attempt < 3 { throw Broken(description: "attempt \(job.attempt) failed") }
                    return try .json(["attempt": job.attempt])
                })
        ])
        let id = try await rig.enqueue { $0.priority = .critical }
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        #expect(census.jobs.map(\.attempt) == [1, 2, 3])
        #expect(census.jobs.allSatisfy { $0.priority == .critical && $0.id == id })
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.retried, .retried, .completed])
        #expect(events.map(\.run?.level) == ["critical", "critical", "critical"])
        #expect(events.map(\.error) == ["attempt 1 failed", "attempt 2 failed", nil])
        #expect(events.map(\.header?.attempt) == [1, 2, 3])
        #expect(events.last?.result == ByteBuffer(string: #"{"attempt":3}"#))
        #expect(events.last?.payload == ByteBuffer(string: "{}"))
        #expect(try await rig.queue.job(id) == nil)
    }

    @Test func `when its attempts are used a job is dead with the last error, and can be requeued`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": type(
                attempts: 2,
                handler: census.handler { job in
                    if census.begun <= 2 { throw Broken(description: "attempt \(job.attempt) failed") }
                    return .none
                })
        ])
        let id = try await rig.enqueue("work", "precious")
        try await Crew.with(worker) {
            try await until("dies") { try await rig.total("dead") == 1 }
            let record = try #require(await rig.queue.job(id))
            #expect(record.state == .dead && record.attempts == 2 && record.error == "attempt 2 failed")
            #expect(record.payload == ByteBuffer(string: "precious") && record.finishedAt != nil)
            #expect(try await rig.queue.requeue(id) == Receipt(id: id))
            try await until("completes") { try await rig.hasCompleted(1) }
        }
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.retried, .dead, .completed])
        #expect(events.last?.header?.attempt == 1)
    }

    @Test(arguments: [(job: 1, type: 5), (job: 3, type: 1)])
    func `the job's own number of attempts goes before its type's`(attempts: (job: Int, type: Int)) async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": type(
                attempts: attempts.type, handler: census.handler { _ in throw Broken(description: "never works") })
        ])
        let id = try await rig.enqueue { $0.attempts = attempts.job }
        try await Crew.with(worker) { try await until("dies") { try await rig.total("dead") == 1 } }
        #expect(census.runs[id] == attempts.job)
        #expect(census.jobs.allSatisfy { $0.maxAttempts == attempts.job })
    }

    @Test func `a job that its handler buries is dead at once`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let worker = try rig.worker([
            "work": type(handler: census.handler { _ in throw Bury("the account is gone") }),
            "decode": type(handler: census.handler { job in try .json(job.decode([String: Int].self)) }),
        ])
        let id = try await rig.enqueue()
        let unreadable = try await rig.enqueue("decode", "no JSON")
        try await Crew.with(worker) { try await until("both die") { try await rig.total("dead") == 2 } }
        #expect(census.runs == [id: 1, unreadable: 1])
        #expect(try await rig.queue.job(id)?.error == "the account is gone")
        #expect(try await rig.queue.job(unreadable)?.error?.hasPrefix("payload is not a") == true)
    }

    @Test func `a handler chooses when its job is tried again`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "work": type { job in
                if job.attempt == 1 { throw Retry(after: .milliseconds(700), reason: "rate limited") }
                return .none
            }
        ])
        try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        let events = try await rig.events()
        #expect(events.map(\.kind) == [.retried, .completed])
        #expect(events.first?.error == "rate limited")
        let (first, second) = (try #require(events.first), try #require(events.last?.run?.startedAt))
        #expect(second - first.id.milliseconds >= 700)
    }

    @Test func `a retry that the job has no attempts left for is its end`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker(["work": type(attempts: 1) { _ in throw Retry(after: .seconds(Int64.max)) }])
        let id = try await rig.enqueue()
        let patient = try await rig.enqueue { $0.attempts = 2 }
        try await Crew.with(worker) {
            try await until("one dies, one waits as long as a job can") {
                let states = [try await rig.queue.job(id)?.state, try await rig.queue.job(patient)?.state]
                return states == [.dead, .delayed]
            }
        }
        #expect(try await rig.queue.job(id)?.error == "the handler asked for a retry")
    }

    @Test func `a result that is too large leaves its size`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "work": type { _ in .json(bytes: ByteBuffer(repeating: UInt8(ascii: "1"), count: 2 << 20)) }
        ])
        try await rig.enqueue()
        try await Crew.with(worker) { try await until("completes") { try await rig.hasCompleted(1) } }
        #expect(try await rig.events().first?.result == ByteBuffer(string: #"{"truncated":true,"bytes":2097152}"#))
    }
}
