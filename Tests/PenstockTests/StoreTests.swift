import Foundation
import Redis
import Servers
import Support
import Testing

@testable import Penstock

@Suite(.timeLimit(.minutes(3))) struct StoreTests {
    @Test(arguments: [
        (["--appendonly", "yes", "--appendfsync", "always"], []),
        (["--appendonly", "yes", "--appendfsync", "everysec"], ["appendfsync everysec"]),
        (["--appendonly", "no"], ["appendonly no"]),
        (
            ["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"],
            ["appendonly no", "maxmemory-policy allkeys-lru"]
        ),
    ])
    func `settings that may lose jobs are named, each with its remedy`(options: [String], named: [String]) async throws
    {
        let store = try Store(url: RedisServer.started(extra: options).url, logger: .silent)
        try await store.connect()
        let warnings = try await store.durabilityWarnings()
        #expect(warnings.count == named.count)
        for (warning, name) in zip(warnings, named) {
            #expect(warning.hasPrefix("Redis has \(name)") && warning.contains("set it to"))
        }
    }

    @Test func `queues that were registered are known, in alphabetical order`() async throws {
        let store = try Store(url: RedisServer.started(appendOnly: false).url, logger: .silent)
        #expect(try await store.queues() == [])
        try await store.register(queues: [])
        try await store.register(queues: ["b", "a"])
        try await store.register(queues: ["c", "a"])
        #expect(try await store.queues() == ["a", "b", "c"])
        try await store.ping()
    }

    @Test func `a worker makes its queues and itself known, and takes itself off`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let worker = try rig.worker(["work": { _ in .none }])
        let wire = try await rig.wire()
        try await Crew.with(worker) {
            try await until("is known") {
                try await wire.send("HGET", "penstock:workers", worker.name).string?.contains(rig.queue.name) == true
            }
            #expect(try await rig.store.queues() == [rig.queue.name])
        }
        #expect(try await wire.send("HEXISTS", "penstock:workers", worker.name).integer == 0)
        #expect(try await rig.store.queues() == [rig.queue.name])
    }

    @Test func `a scheduler forgets workers that gave no sign for three heartbeats`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let wire = try await rig.wire()
        let now = Int(Date().timeIntervalSince1970 * 1000)
        for (name, beat) in [("old", "{\"at\":\(now - 31_000)}"), ("garbled", "?"), ("young", "{\"at\":\(now)}")] {
            _ = try await wire.send("HSET", "penstock:workers", name, beat)
        }
        try await Crew.with(rig.scheduler()) {
            try await until("one is left") {
                try await wire.send("HKEYS", "penstock:workers").strings == ["young"]
            }
        }
    }

    @Test(arguments: ["unix:///tmp/penstock-nobody-listens.sock", "redis://user:secret@127.0.0.1:1"])
    func `when nobody listens, connecting says so after its time, without the password`(url: String) async throws {
        let store = try Store(url: url, logger: .silent)
        let time = await ContinuousClock().measure {
            await #expect { try await store.connect(within: .milliseconds(300)) } throws: {
                guard case QueueError.away(let text, maybeExecuted: false) = $0 else { return false }
                return text.contains(store.label) && !text.contains("secret")
            }
        }
        #expect(time >= .milliseconds(300) && time < .seconds(5))
        await store.shutdown()
    }

    @Test(arguments: ["", "http://localhost", "localhost:6379", "redis://h:port"])
    func `a bad URL is refused`(url: String) {
        #expect { try Store(url: url, logger: .silent) } throws: {
            if case QueueError.invalid = $0 { true } else { false }
        }
    }

    @Test func `a worker's numbers and names are checked`() throws {
        let store = try Store(url: "unix:///tmp/penstock-nobody-listens.sock", logger: .silent)
        for (queues, concurrency) in [(["q"], 0), (["q"], 10_001), ([], 1), (["a b"], 1)] {
            #expect(throws: QueueError.self) {
                try Worker(queues: queues, in: store, concurrency: concurrency, handlers: [:], logger: .silent)
            }
        }
    }
}
