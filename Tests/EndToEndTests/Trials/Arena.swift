import Foundation
import Logging
import NIOCore
import NIOPosix
import Penstock
import Redis
import Servers
import Support
import Testing

@testable import Trial

/// A queue of its own in a Redis, and processes of workers (`Trial`) that compete for its jobs and write down what they did.
/// Events are kept, and read by the test.
final class Arena: Sendable {
    let folder: String
    let redis: RedisServer
    let store: Store
    let queue: Queue
    /// For what the library does not offer.
    let client: Client
    let crew = Crew()

    private init(_ redis: RedisServer, _ settings: [String: String]) async throws {
        folder = temporaryDirectory()
        self.redis = redis
        store = try Store(url: redis.url)
        queue = try Queue("q\(UInt64.random(in: .min ... .max))", in: store)
        client = Client(
            address: try Address(url: redis.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger.nothing)
        try await store.connect(within: .seconds(10))
        _ = try await queue.configure(["record": "yes"].merging(settings) { $1 })
    }

    private static let sharedRedis = Result { try RedisServer.started(appendOnly: false) }

    /// Runs a test with an arena. Servers that a test stops have to be its own.
    static func with(
        redis: RedisServer? = nil, _ settings: [String: String] = [:], body: (Arena) async throws -> Void
    ) async throws {
        let arena = try await Arena(redis ?? sharedRedis.get(), settings)
        defer { arena.crew.remove() }
        do {
            try await body(arena)
        } catch {
            throw Breakdown(error: error, logs: arena.crew.logs)
        }
        await arena.client.shutdown()
        await arena.store.shutdown()
    }

    func key(_ name: String) -> String { "penstock:{\(queue.name)}:\(name)" }

    func send(_ words: String...) async throws -> Reply { try await send(words) }

    func send(_ words: [String]) async throws -> Reply {
        var command = Redis.Command()
        command.append(contentsOf: words)
        return try await client.send(command, timeout: .seconds(30), waits: true)
    }

    /// Calls a function of the library.
    func call(_ function: String, _ words: [String] = []) async throws -> Reply {
        try await send(["FCALL", "penstock_\(function)", "1", queue.name] + words)
    }

    /// Enqueues one job.
    @discardableResult
    func enqueue(_ payload: String, _ change: (inout NewJob) -> Void = { _ in }) async throws -> String {
        var job = NewJob(type: "work", payload: ByteBuffer(string: payload))
        change(&job)
        return try await queue.enqueue(job).id
    }

    /// Enqueues many jobs; each must be new.
    func enqueue(_ jobs: [NewJob]) async throws {
        for answer in await queue.enqueue(jobs) { #expect(try !answer.get().isDuplicate) }
    }

    /// How many jobs are done; -1 while Redis is away.
    func completed() async -> Int { (try? await queue.backlog().totals["completed"]) ?? -1 }

    func running() async -> Int { (try? await queue.backlog().running) ?? -1 }

    /// Takes all events there are, oldest first.
    func events() async throws -> [Event] {
        var all: [Event] = []
        while true {
            let batch = try await queue.events(consumer: "test")
            if batch.isEmpty { return all }
            try await queue.recorded(batch.map(\.id))
            all += batch
        }
    }

    /// The limits of which a slot is taken.
    func slots() async throws -> [String] {
        try await send("HKEYS", key("slots")).strings ?? ["unreadable"]
    }

    /// What `penstock_check` finds wrong, a line each.
    func findings() async throws -> [String] {
        var (cursor, found) = ("0", [String]())
        repeat {
            let words = try await call("check", ["cursor", cursor]).strings ?? []
            cursor = words.first ?? "0"
            for at in stride(from: 2, to: words.count, by: 4) {
                found.append(words[at..<at + 4].joined(separator: " "))
            }
        } while cursor != "0"
        return found
    }

    /// Milliseconds since 1970 by the clock of Redis.
    func now() async throws -> Int {
        let words = try await send("TIME").strings ?? []
        return (Int(words[0]) ?? 0) * 1000 + (Int(words[1]) ?? 0) / 1000
    }

    /// Nothing is left of any job: no slot, no finding, nothing that waits or runs.
    func expectClean(_ comment: Comment? = nil) async throws {
        #expect(try await slots() == [], comment)
        #expect(try await send("HLEN", key("holds")).integer == 0, comment)
        #expect(try await findings() == [], comment)
        let backlog = try await queue.backlog()
        #expect(backlog.waiting + backlog.running + backlog.delayed + backlog.parked == 0, comment)
    }
}
