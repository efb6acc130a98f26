import Foundation
import NIOCore
import Servers
import Support
import Testing

@testable import Penstock

/// The operator's verbs, as a Swift program calls them.
@Suite(.timeLimit(.minutes(3))) struct OperateTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    /// A rig with dead letters: the errors of two types.
    private func rigWithDead(_ count: Int = 4) async throws -> (rig: Rig, ids: [String]) {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "mail": { job in throw Bury("mailbox \(String(buffer: job.payload)) is full") },
            "sync": { _ in throw Bury("no such account") },
        ])
        let mail = try await rig.enqueue(count: count, "mail")
        let sync = try await rig.enqueue(count: count, "sync")
        try await Crew.with(worker) { try await until("all die") { try await rig.total("dead") == 2 * count } }
        return (rig, mail + sync)
    }

    @Test func `dead letters are listed page by page, the newest first`() async throws {
        let (rig, ids) = try await rigWithDead()
        var letters: [DeadLetter] = []
        var before: String?
        repeat {
            let page = try await rig.queue.deadLetters(count: 3, before: before)
            letters += page.letters
            before = page.next
        } while before != nil
        #expect(letters.count == 8 && Set(letters.map(\.id)) == Set(ids))
        #expect(zip(letters, letters.dropFirst()).allSatisfy { $0.diedAt >= $1.diedAt })
        #expect(letters.allSatisfy { $0.attempts == 1 })
    }

    @Test func `dead letters are found by type, error and time`() async throws {
        let (rig, ids) = try await rigWithDead()
        let one = try await rig.queue.deadLetters(DeadFilter(error: "mailbox 2 is")).letters
        #expect(one.map(\.id) == [ids[2]] && one.first?.type == "mail")
        #expect(try await rig.queue.deadLetters(DeadFilter(type: "sync")).letters.count == 4)
        let past = Date(timeIntervalSince1970: 1)
        #expect(try await rig.queue.deadLetters(DeadFilter(to: past)).letters.isEmpty)
        #expect(try await rig.queue.deadLetters(DeadFilter(from: past)).letters.count == 8)
    }

    @Test func `a dead letter shows the history of its errors`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker([
            "work": JobType(attempts: 3, retries: RetryPolicy(.fixed([.zero]))) { job in
                throw Retry(after: .zero, reason: "failure \(job.attempt)")
            }
        ])
        let id = try await rig.enqueue()
        try await Crew.with(worker) { try await until("dies") { try await rig.total("dead") == 1 } }
        let failures = try #require(await rig.queue.job(id)?.failures)
        #expect(failures.map(\.error) == ["failure 1", "failure 2", "failure 3"])
        #expect(failures.map(\.attempt) == [1, 2, 3])
        #expect(failures.allSatisfy { $0.worker == worker.name })
    }

    @Test func `many dead letters come back at a pace that outlives the caller`() async throws {
        let (rig, _) = try await rigWithDead(5)
        let requeued = try await rig.queue.requeue(where: DeadFilter(type: "mail"), rate: 1)
        #expect(requeued.queued == 5 && requeued.duplicates == 0)
        let backlog = try await rig.queue.backlog()
        #expect(backlog.dead == 5 && backlog.waiting == 1 && backlog.delayed == 4)
        var due: [Date] = []
        for event in try await rig.events().of(.dead) where event.header?.type == "mail" {
            if let at = try await rig.queue.job(event.jobID)?.dueAt { due.append(at) }
        }
        due.sort()
        #expect(zip(due, due.dropFirst()).allSatisfy { $1.timeIntervalSince($0) > 0.9 })
    }

    @Test func `a letter whose unique key was taken stays dead`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker(["work": { _ in throw Bury("no") }])
        let first = try await rig.enqueue { $0.unique = "k" }
        try await Crew.with(worker) { try await until("dies") { try await rig.total("dead") == 1 } }
        let second = try await rig.enqueue { $0.unique = "k" }
        #expect(try await rig.queue.requeue(first) == Receipt(id: second, answer: .duplicate))
        let many = try await rig.queue.requeue(where: DeadFilter())
        #expect(many.queued == 0 && many.duplicates == 1)
        #expect(try await rig.queue.job(first)?.state == .dead)
    }

    @Test func `a resolved letter is gone, and its note is an event`() async throws {
        let (rig, ids) = try await rigWithDead(1)
        _ = try await rig.events()
        try await rig.queue.resolve(ids[0], note: "refunded by hand")
        #expect(try await rig.queue.job(ids[0]) == nil)
        let event = try #require(await rig.events().first)
        #expect(event.kind == .resolved && event.jobID == ids[0] && event.error == "refunded by hand")
        await #expect(throws: QueueError.self) { try await rig.queue.resolve(ids[0], note: "again") }
    }

    @Test func `a job that waits for a worker is said to have none only while none lives`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let ids = try await rig.enqueue(count: 2, "slow")
        let none = "; no worker serves the queue now: start one"
        #expect(try await rig.queue.why(ids[1]).hasSuffix("a worker with a free slot claims it" + none))
        // One that serves another queue is none.
        let wire = try await rig.wire()
        let now = try await rig.store.now()
        func beat(_ queue: String, at: Int64) async throws {
            let text = "{\"at\":\(at),\"queues\":[\"\(queue)\"],\"types\":[],\"concurrency\":1,\"running\":0}"
            _ = try await wire.send("HSET", "penstock:workers", "other-\(rig.queue.name)", text)
        }
        try await beat("\(rig.queue.name)-other", at: now)
        #expect(try await rig.queue.why(ids[1]).hasSuffix(none))
        try await beat(rig.queue.name, at: now - 31_000)
        #expect(try await rig.queue.why(ids[1]).hasSuffix(none))
        let gate = Gate()
        let worker = try rig.worker(
            concurrency: 1,
            [
                "slow": { _ in
                    await gate.pass()
                    return .none
                }
            ])
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("runs") { gate.arrived == 1 }
            try await until("is known") {
                try await rig.store.workers().contains { $0.queues.contains(rig.queue.name) }
            }
            #expect(try await rig.queue.why(ids[1]).hasSuffix("; a worker with a free slot claims it"))
        }
        wire.close()
    }

    @Test func `a paused type waits, others go on, and resuming lets it in at once`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        try await rig.queue.pause(type: "slow")
        let slow = try await rig.enqueue(count: 3, "slow")
        try await rig.enqueue(count: 3, "fast")
        let worker = try rig.worker(["slow": census.handler(), "fast": census.handler()])
        try await Crew.with(worker) {
            try await until("the others complete") { try await rig.hasCompleted(3) }
            #expect(census.jobs.allSatisfy { $0.type == "fast" })
            let why = try await rig.queue.why(slow[0])
            #expect(why.contains("slow") && why.contains("paused"))
            try await rig.queue.resume(type: "slow")
            try await until("all complete") { try await rig.hasCompleted(6) }
        }
    }

    @Test func `a draining queue takes nothing new and finishes what it has`() async throws {
        let rig = try await Rig(on: Self.server.get())
        try await rig.enqueue(count: 3)
        try await rig.queue.drain()
        await #expect { try await rig.enqueue() } throws: { if case QueueError.full = $0 { true } else { false } }
        #expect(try await rig.queue.backlog().isDraining)
        try await Crew.with(rig.worker(["work": { _ in .none }])) {
            try await until("completes") { try await rig.hasCompleted(3) }
        }
        try await rig.queue.resume()
        try await rig.enqueue()
    }

    @Test func `a move changes level and time`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let id = try await rig.enqueue { $0.delay = .seconds(3600) }
        try await rig.queue.move(id, priority: .critical)
        #expect(try await rig.queue.job(id)?.state == .delayed)
        try await rig.queue.move(id, delay: .zero)
        let moved = try #require(await rig.queue.job(id))
        #expect(moved.state == .waiting && moved.priority == .critical)
        await #expect(throws: QueueError.self) { try await rig.queue.move("nobody", priority: .low) }
    }

    @Test func `a purge ends what waits, and dead letters only when it is told to`() async throws {
        let (rig, _) = try await rigWithDead(2)
        try await rig.enqueue(count: 250)
        try await rig.enqueue { $0.delay = .seconds(3600) }
        #expect(try await rig.queue.purge(state: .delayed) == 1)
        #expect(try await rig.queue.purge() == 250)
        #expect(try await rig.queue.backlog().dead == 4)
        #expect(try await rig.queue.purge(state: .dead, type: "mail") == 2)
        #expect(try await rig.queue.backlog().dead == 2)
        await #expect(throws: QueueError.self) { try await rig.queue.purge(state: .running) }
    }

    @Test func `a check of a healthy queue finds nothing, and a repair mends what a hand has broken`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let ids = try await rig.enqueue(count: 5)
        #expect(try await rig.queue.check().findings.isEmpty)
        let wire = try await rig.wire()
        _ = try await wire.send("HSET", rig.key("slots"), "concurrency:key:a", "3")
        _ = try await wire.send("ZADD", rig.key("delayed"), "1", "nobody")
        #expect(try await rig.queue.check().findings.count == 2)
        let mended = try await rig.queue.check(repair: true)
        #expect(mended.findings.count == 2 && mended.findings.allSatisfy(\.isMended))
        #expect(try await rig.queue.check().findings.isEmpty)
        #expect(try await rig.queue.job(ids[0])?.state == .waiting)
        wire.close()
    }

    @Test func `workers that live are listed with what they run`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let worker = try rig.worker(concurrency: 7, ["work": { _ in .none }, "other": { _ in .none }])
        try await Crew.with(worker) {
            try await until("is listed") { try await rig.store.workers().contains { $0.name == worker.name } }
            let record = try #require(await rig.store.workers().first { $0.name == worker.name })
            #expect(record.queues == [rig.queue.name] && record.types == ["other", "work"])
            #expect(record.concurrency == 7 && record.running == 0)
        }
        #expect(try await !rig.store.workers().contains { $0.name == worker.name })
    }

    @Test func `a worker that is silent for three beats, by the clock of Redis, is not listed and is forgotten`()
        async throws
    {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let wire = try await rig.wire()
        let now = try await rig.store.now()
        for (name, at) in [("alive", now - 15_000), ("gone", now - 31_000)] {
            let beat = #"{"at":\#(at),"queues":["q"],"types":["t"],"concurrency":1,"running":0}"#
            _ = try await wire.send("HSET", "penstock:workers", name, beat)
        }
        #expect(try await rig.store.workers().map(\.name) == ["alive"])
        try await Crew.with(rig.scheduler()) {
            try await until("is forgotten") {
                try await wire.send("HKEYS", "penstock:workers").strings == ["alive"]
            }
        }
        wire.close()
    }
}
