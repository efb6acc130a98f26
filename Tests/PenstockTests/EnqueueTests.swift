import Foundation
import NIOCore
import Redis
import Servers
import Support
import Testing

@testable import Penstock

/// What producers are answered. Tests that count calls, fill or stop a server have one of their own.
@Suite(.timeLimit(.minutes(3))) struct EnqueueTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    private func job(_ payload: String, _ change: (inout NewJob) -> Void = { _ in }) -> NewJob {
        var job = NewJob(type: "work", payload: ByteBuffer(string: payload))
        change(&job)
        return job
    }

    /// Calls of functions that a server has served.
    private func calls(_ rig: Rig) async throws -> Int {
        let text = try await rig.store.send(Command("INFO", "commandstats")).string ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_fcall:") } ?? ""
        return line.firstMatch(of: /calls=(\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test func `many jobs are answered one by one, in their order, whatever is wrong with some`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let before = try await calls(rig)
        let jobs = (0..<250).map { number in
            job("\(number)") {
                $0.id = "job-\(number % 200)"
                if number % 50 == 7 { $0.type = "" }
                if number % 50 == 8 { $0.delay = .seconds(-1) }
                if number % 50 == 9 { $0.attempts = 0 }
            }
        }
        let answers = await rig.queue.enqueue(jobs)
        #expect(try await calls(rig) - before == 3)
        #expect(answers.count == 250)
        for (number, answer) in answers.enumerated() {
            switch (answer, number % 50) {
            case (.failure(.invalid(let text)), 7): #expect(text.hasPrefix("type has"))
            case (.failure(.invalid(let text)), 8): #expect(text.hasPrefix("delay is"))
            case (.failure(.invalid(let text)), 9): #expect(text.hasPrefix("attempts is"))
            case (.success(let receipt), _):
                #expect(receipt == Receipt(id: "job-\(number % 200)", answer: number >= 200 ? .duplicate : .queued))
            case (.failure(let error), _): Issue.record("job \(number): \(error)")
            }
        }
        #expect(try await rig.queue.backlog().waiting == 200 - 4 * 3)
    }

    @Test func `calls are cut at 4 MiB, and one bigger job goes alone`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let mib = String(repeating: "x", count: 1 << 20)
        let before = try await calls(rig)
        let sizes = [1, 1, 1, 5, 1, 2, 2]  // 3, then 5, then 3, then 2
        let answers = await rig.queue.enqueue(sizes.map { job(String(repeating: mib, count: $0)) })
        #expect(answers.allSatisfy { (try? $0.get()) != nil })
        #expect(try await calls(rig) - before == 4)
        #expect(await rig.queue.enqueue([]).isEmpty)
    }

    @Test func `of many producers with one key one makes the job, and all others name it`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
            for number in 0..<50 {
                group.addTask { try await rig.queue.enqueue(job("\(number)") { $0.unique = "delivery" }) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(receipts.count { !$0.isDuplicate } == 1)
        #expect(Set(receipts.map(\.id)).count == 1)
        #expect(try await rig.queue.backlog().waiting == 1)
        #expect(try await rig.total("duplicate") == 49)
    }

    @Test func `what a producer says about a job reaches its handler`() async throws {
        let rig = try await Rig(on: Self.server.get())
        let census = Census()
        let bytes = ByteBuffer(bytes: (0...255).map { UInt8($0) } + Array(repeating: 0, count: 2000))
        var job = NewJob(type: "work", payload: bytes)
        job.id = "my \"own\" id ✓"
        job.priority = .low
        job.key = "tenant/1"
        job.attempts = 7
        job.source = "github"
        job.headers = ["x-github-event": "push", "quote": "\"\\\n\u{1F600}/"]
        let receipt = try await rig.queue.enqueue(job)
        try await Crew.with(rig.worker(["work": census.handler()])) {
            try await until("completes") { try await rig.hasCompleted(1) }
        }
        let seen = try #require(census.jobs.first)
        #expect(receipt.id == job.id && seen.id == job.id && seen.queue == rig.queue.name)
        #expect(seen.payload == bytes && seen.headers == job.headers)
        #expect(seen.priority == .low && seen.key == "tenant/1" && seen.source == "github" && seen.maxAttempts == 7)
        #expect(abs(seen.enqueuedAt.timeIntervalSinceNow) < 60)
    }

    @Test func `a full queue says so`() async throws {
        let rig = try await Rig(on: Self.server.get(), settings: ["maxLength": "3"])
        let answers = await rig.queue.enqueue((0..<5).map { job("secret-\($0)") })
        #expect(answers.prefix(3).allSatisfy { (try? $0.get()) != nil })
        for answer in answers.suffix(2) {
            guard case .failure(.full(let text)) = answer else { return #expect(Bool(false), "\(answer)") }
            #expect(text.contains("holds 3 jobs") && !text.contains("secret"))
        }
    }

    @Test func `a Redis at its maxmemory refuses new jobs and still drains`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        try await rig.enqueue(count: 20)
        _ = try await rig.store.send(Command("CONFIG", "SET", "maxmemory", "1mb"))
        await #expect { try await rig.queue.enqueue(job("secret")) } throws: {
            if case QueueError.outOfMemory(let text) = $0 {
                text.contains("maxmemory") && !text.contains("secret")
            } else {
                false
            }
        }
        try await Crew.with(rig.worker(["work": { _ in .none }])) {
            try await until("all complete") { try await rig.hasCompleted(20) }
        }
    }

    enum Mistake: String, CaseIterable {
        case type, id, key, unique, ttl, delay, timeout, attempts, at, payload

        func make(in job: inout NewJob) {
            switch self {
            case .type: job.type = String(repeating: "t", count: 129)
            case .id: job.id = "a\nb"
            case .key: job.key = ""
            case .unique: job.unique = String(repeating: "u", count: 513)
            case .ttl: job.ttl = .zero
            case .delay: job.delay = .seconds(Int64.max)
            case .timeout: job.timeout = .seconds(Int64.min)
            case .attempts: job.attempts = 1001
            case .at: job.at = Date(timeIntervalSince1970: .infinity)
            case .payload: job.payload = ByteBuffer(string: String(repeating: "secret", count: 5 << 20))
            }
        }
    }

    @Test(arguments: Mistake.allCases)
    func `a mistake is named, and the payload is not`(mistake: Mistake) async throws {
        let rig = try await Rig(on: Self.server.get())
        await #expect { try await rig.queue.enqueue(job("secret", mistake.make)) } throws: {
            guard case QueueError.invalid(let text) = $0 else { return false }
            return text.hasPrefix(mistake.rawValue) && !text.contains("secret")
        }
        #expect(try await rig.queue.backlog().waiting == 0)
    }

    @Test func `while the server is down an enqueue fails at once, and was not executed`() async throws {
        let rig = try await Rig(on: RedisServer.started())
        rig.server.kill()
        let away = { (error: any Error) -> Bool in
            guard case QueueError.away(let text, maybeExecuted: false) = error else { return false }
            return !text.contains("secret") && text.contains(rig.server.socketPath ?? "?")
        }
        // The first command may still meet the dying connection.
        _ = try? await rig.queue.enqueue(job("secret"))
        let time = await ContinuousClock().measure {
            await #expect(performing: { try await rig.queue.enqueue(job("secret")) }, throws: away)
        }
        #expect(time < .seconds(2))
        let answers = await rig.queue.enqueue((0..<150).map { job("secret-\($0)") })
        #expect(answers.count == 150)
        #expect(answers.allSatisfy { if case .failure(let error) = $0 { away(error) } else { false } })
        try rig.server.start()
        try await until("comes back") { try await rig.queue.enqueue(job("again")).id.isEmpty == false }
    }

    @Test func `an enqueue whose answer was lost may have been executed, and can be repeated`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let wire = try await rig.wire()
        _ = try await wire.send("CLIENT", "PAUSE", "60000", "WRITE")
        let first = Task { try await rig.queue.enqueue(job("secret") { $0.id = "one" }) }
        try await until("is under way") { try await wire.send("CLIENT", "LIST").string?.contains("flags=b") == true }
        _ = try await wire.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await #expect { try await first.value } throws: {
            guard case QueueError.away(_, maybeExecuted: true) = $0 else { return false }
            return "\($0)".hasSuffix("the command may have been executed") && !"\($0)".contains("secret")
        }
        _ = try await wire.send("CLIENT", "UNPAUSE")
        try await until("is repeated") { try await rig.queue.enqueue(job("secret") { $0.id = "one" }).id == "one" }
        #expect(try await rig.queue.backlog().waiting == 1)
    }
}
