import Logging
import Penstock
import Servers
import Support
import Testing

@testable import CLI

/// What a process says to Redis at its start.
@Suite struct PreparationTests {
    private static let server = Result { try RedisServer.started() }

    /// What is in force, without defaults, after a process with these entries has started.
    private func start(
        _ queue: Queue, in store: Store, file: [String: String]?, records: Bool = false
    ) async throws -> [String: String] {
        let gate = Gate()
        let preparation = Preparation(
            store: store, queues: [queue.name: file ?? [:]], owned: file == nil ? [] : [queue.name], records: records,
            gate: gate, logger: .silent)
        let task = Task { try await preparation.run() }
        await gate.pass()
        task.cancel()
        try await task.value
        let settings = try await queue.settings().filter { $0.value != $0.standard }
        return Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0.value) })
    }

    private func queue(_ settings: [String: String]) async throws -> (Queue, Store) {
        let store = try Store(url: Self.server.get().url)
        let queue = try Queue("q\(UInt64.random(in: .min ... .max))", in: store)
        _ = try await queue.configure(settings)
        return (queue, store)
    }

    @Test func `a setting that was taken out of the file goes back to its default`() async throws {
        let (queue, store) = try await queue([
            "concurrency:key": "1", "concurrency:type:push": "2", "fair": "yes", "lease": "5000", "record": "yes",
        ])
        try await queue.pause(type: "mail")
        let settings = try await start(queue, in: store, file: ["lease": "10000"])
        // What the file does not decide stays: pauses are an operator's, records those of whoever has a Postgres.
        #expect(settings == ["lease": "10000", "record": "yes", "paused:type:mail": "yes"])
        await store.shutdown()
    }

    @Test func `the limits of a new file take the place of the old ones, together within the bound`() async throws {
        let (queue, store) = try await queue(["concurrency:key": "1", "rate:key": "1/1000"])
        let file = ["concurrency:type:push": "1", "rate:type:push": "1/1000"]
        #expect(try await start(queue, in: store, file: file) == file)
        await store.shutdown()
    }

    @Test func `a queue without an entry in the file keeps what is there`() async throws {
        let (queue, store) = try await queue(["concurrency": "3"])
        #expect(
            try await start(queue, in: store, file: nil, records: true) == ["concurrency": "3", "record": "yes"])
        await store.shutdown()
    }
}
