import Foundation
import Logging
import NIOCore
import Penstock
import Servers
import ServiceLifecycle
import Sink
import Support
import Testing

@testable import CLI

/// The services as `run` assembles them, over servers of their own.
@Suite(.serialized) struct AssemblyTests {
    static let postgres = Result { try PostgresServer.started() }
    private static let yaml = """
        jobs:
          echo: { exec: [cat] }
          secrets: { exec: [env] }
          stubborn: { exec: [sh, -c, "trap '' TERM; echo $$ > \\"$PIDS/pid\\"; while :; do sleep 1; done"] }
        sources: { github: { scheme: github, secrets: [env:HOOK_SECRET] } }
        queues: { q: { lease: 5s, weights: 5:3:1 } }
        """

    /// Runs `body` beside the services, then stops them as SIGTERM would.
    /// - Returns: how long they took to stop.
    @discardableResult
    private func run(
        redis: RedisServer, arguments: [String] = [], environment: [String: String] = [:],
        _ body: @escaping @Sendable (Assembly) async throws -> Void
    ) async throws -> Duration {
        let file = "\(temporaryDirectory())/p.yaml"
        try Self.yaml.write(toFile: file, atomically: true, encoding: .utf8)
        let options = try RunOptions.parse(["--config", file, "--listen", "127.0.0.1:0"] + arguments)
        let settings = try Settings(
            options, environment: ["REDIS_URL": redis.url, "HOOK_SECRET": "s"].merging(environment) { $1 })
        let logger = Logger.silent
        let assembly = try Assembly(settings, logger: logger)
        let group = ServiceGroup(configuration: .init(services: assembly.services, logger: logger))
        return try await withThrowingTaskGroup(of: ContinuousClock.Instant?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                try await body(assembly)
                let began = ContinuousClock.now
                await group.triggerGracefulShutdown()
                return began
            }
            // The first that throws cancels the other.
            var began = ContinuousClock.now
            while let ended = try await tasks.next() { began = ended ?? began }
            await assembly.store.shutdown()
            return began.duration(to: .now)
        }
    }

    @Test func `a job of the configuration runs and becomes a row`() async throws {
        let url = try Self.postgres.get().url
        let redis = try RedisServer.started()
        defer { redis.stop() }
        try await run(redis: redis, environment: ["DATABASE_URL": url]) { assembly in
            let job = NewJob(type: "echo", payload: ByteBuffer(string: "{\"a\":1}"))
            try await assembly.store.connect()
            let receipt = try await Queue("q", in: assembly.store).enqueue(job)
            let history = try PostgresHistory(url: url)
            let record = try await eventually { try? await history.job(queue: "q", id: receipt.id) }
            #expect(record.state == .completed)
            #expect(record.result.map { String(buffer: $0) } == "{\"a\": 1}")
            // What the configuration says is in force, and events are kept for the sink.
            let backlog = try await Queue("q", in: assembly.store).backlog()
            #expect(backlog.isRecording)
            let settings = try await Queue("q", in: assembly.store).configure(["lease": "5000", "weights": "5:3:1"])
            #expect(settings.isEmpty)
        }
    }

    @Test func `a Redis that is away at start is waited for`() async throws {
        let redis = RedisServer(directory: "\(temporaryDirectory())/redis")
        defer { redis.stop() }
        try await run(redis: redis, arguments: ["--role", "worker,scheduler"]) { assembly in
            await #expect(throws: QueueError.self) { try await assembly.store.connect(within: .milliseconds(100)) }
            try redis.start()
            try await assembly.store.connect()
            let queue = try Queue("q", in: assembly.store)
            _ = try await queue.enqueue(NewJob(type: "echo", payload: ByteBuffer(string: "1")))
            _ = try await eventually { try await queue.backlog().totals["completed"] == 1 ? true : nil }
        }
    }

    @Test func `a process that waits for Redis stops soon`() async throws {
        let redis = RedisServer(directory: "\(temporaryDirectory())/redis")
        let took = try await run(redis: redis) { _ in }
        #expect(took < .seconds(3))
    }

    @Test func `a command that ignores SIGTERM outlives neither the grace nor the process`() async throws {
        let folder = temporaryDirectory()
        setenv("PIDS", folder, 1)
        let redis = try RedisServer.started()
        defer { redis.stop() }
        let took = try await run(redis: redis, arguments: ["--grace", "3s", "--role", "worker"]) { assembly in
            let queue = try Queue("q", in: assembly.store)
            _ = try await queue.enqueue(NewJob(type: "stubborn", payload: ByteBuffer()))
            _ = try await eventually { Self.pid(in: folder) }
        }
        #expect(took < .seconds(3))
        let pid = try #require(Self.pid(in: folder))
        _ = try await eventually { kill(pid, 0) != 0 ? true : nil }
        let store = try Store(url: redis.url)
        let backlog = try await Queue("q", in: store).backlog()
        #expect(backlog.waiting == 1)
        #expect(backlog.totals["failed"] == 0)
        await store.shutdown()
    }

    @Test func `a command does not see the secrets of the configuration`() throws {
        let reader = ConfigurationReader(environment: ["HOOK_SECRET": "s"])
        #expect(reader.read(Self.yaml).configuration.secretVariables == ["HOOK_SECRET"])
    }

    @Test func `a door that cannot be opened ends the others`() async throws {
        let redis = try RedisServer.started()
        defer { redis.stop() }
        // No machine has this address (RFC 5737).
        let began = ContinuousClock.now
        await #expect(throws: (any Error).self) {
            try await run(redis: redis, arguments: ["--listen", "192.0.2.1:1", "--role", "worker", "--grace", "2s"]) {
                _ in try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(began.duration(to: .now) < .seconds(8))
    }

    private static func pid(in folder: String) -> Int32? {
        (try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8))
            .flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}

private struct Late: Error {}

/// Asks until there is an answer, for up to ten seconds.
private func eventually<Value: Sendable>(_ ask: @Sendable () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if let value = try await ask() { return value }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw Late()
}
