import Functions
import Redis
import Testing

@Suite struct LibraryTests {
    /// A cluster of one. Its bus has a port, even where the server itself has none.
    private static let lab = Lab(
        "--cluster-enabled", "yes", "--bind", "127.0.0.1", "--cluster-port", "\(Int.random(in: 20_000..<30_000))")
    private let queue: TestQueue

    init() async throws {
        queue = try await Self.lab.queue()
        if try await queue.redis("CLUSTER", "INFO").string?.contains("cluster_slots_assigned:0") == true {
            _ = try? await queue.redis("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        }
    }

    @Test func `all keys of a queue are in the slot of its name`() async throws {
        let slot = try await queue.integer("CLUSTER", "KEYSLOT", queue.name)
        for key in queue.streams + ["jobs", "bodies", "unique", "unique:expiry", "events"] {
            #expect(try await queue.integer("CLUSTER", "KEYSLOT", queue.key(key)) == slot)
        }
    }

    @Test func `in a cluster a job goes its whole way by calls that name the queue only`() async throws {
        try await untilServing()
        let payload = String(repeating: "p", count: 2_000)
        try await queue.enqueue("t", payload, "unique", "u")
        try await queue.enqueue("t", payload, "delay", "60000")
        let run = try await queue.claimOne()
        #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
        #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
        try await queue.call("requeue", run.id)
        try await queue.call("sweep")
        #expect(try await queue.recover()[2] == "done")
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.kinds() == ["retried", "dead", "completed"])
        let keys = try await queue.redis("KEYS", "*").strings ?? []
        #expect(keys.allSatisfy { $0.hasPrefix("penstock:{") })
    }

    @Test func `what a file keeps to itself no other file calls`() {
        let parts = Library.source.split(separator: "\ndo\n")
        #expect(parts.count > 1)
        for (at, block) in parts.enumerated().dropFirst() {
            for name in block.matches(of: /\nlocal function (\w+)/).map(\.output.1) {
                for (other, part) in parts.enumerated() where other != at && !part.contains("function \(name)(") {
                    #expect(!part.contains(" \(name)("), "\(name)")
                }
            }
        }
    }

    @Test func `every function takes one key, the name of a queue`() async throws {
        try await untilServing()
        let list = try #require(
            try await queue.redis("FUNCTION", "LIST", "LIBRARYNAME", "penstock").array?.first?.array)
        let functions = try #require(list.first { $0.array?.first?.array != nil }?.array?.map { TestQueue.pairs($0) })
        let names = Set(functions.compactMap { $0["name"] })
        let expected = [
            "version", "enqueue", "enqueue_many", "turn", "claim", "finish", "renew", "recover", "sweep", "events",
            "recorded", "cancel", "requeue", "pause", "resume", "configure", "unrouted", "job", "backlog",
        ]
        #expect(names.isSuperset(of: expected.map { "penstock_\($0)" }))
        for name in names {
            for keys in [["0"], ["2", queue.name, queue.name]] {
                var command = Command("FCALL", name)
                command.append(contentsOf: keys)
                await #expect(throws: RedisError.self, "\(name)") { try await queue.send(command) }
            }
        }
    }

    /// A cluster of one serves a moment after it has its slots.
    private func untilServing() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await queue.redis("CLUSTER", "INFO").string?.contains("cluster_state:ok") != true {
            try #require(ContinuousClock.now < deadline)
            await Task.yield()
        }
    }
}
