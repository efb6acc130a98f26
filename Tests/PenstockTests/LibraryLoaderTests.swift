import Functions
import Logging
import NIOPosix
import Redis
import Servers
import Support
import Testing

@testable import Penstock

/// Libraries are of the whole server, so each test has its own.
@Suite(.timeLimit(.minutes(3))) struct LibraryLoaderTests {
    private static let own = Library.Version.own

    /// A library under our name that says of which version it is and can do nothing else.
    private static func library(version: Int, compatible: Int) -> String {
        """
        #!lua name=penstock
        redis.register_function{ function_name = 'penstock_version', callback = function() return 'strange' end,
          description = 'version \(version) compatible \(compatible)' }
        """
    }

    private func wire(_ server: RedisServer) async throws -> Connection {
        try await Connection.connect(to: Address(url: server.url), on: MultiThreadedEventLoopGroup.singleton.next())
    }

    private func store(_ server: RedisServer) throws -> Store { try Store(url: server.url, logger: .silent) }

    private func version(_ wire: Connection) async throws -> String? {
        let reply = try await wire.send("FCALL", "penstock_version", "1", "q")
        return reply.strings?.joined(separator: " ") ?? reply.string
    }

    @Test func `a server without the library gets it`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        try await store(server).connect()
        #expect(try await version(wire(server)) == "\(Self.own.number) \(Self.own.compatible)")
    }

    @Test(arguments: [
        library(version: 0, compatible: 0),
        "#!lua name=penstock\nredis.register_function('something', function() return 1 end)",
    ])
    func `an older one is replaced`(old: String) async throws {
        let server = try RedisServer.started(appendOnly: false)
        let wire = try await wire(server)
        _ = try await wire.send("FUNCTION", "LOAD", old)
        try await store(server).connect()
        #expect(try await version(wire) == "\(Self.own.number) \(Self.own.compatible)")
    }

    @Test func `a newer one that serves this program stays`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        let wire = try await wire(server)
        _ = try await wire.send(
            "FUNCTION", "LOAD", Self.library(version: Self.own.number + 1, compatible: Self.own.number))
        try await store(server).connect()
        #expect(try await version(wire) == "strange")
        #expect(try await wire.send("EXISTS", "penstock:library").integer == 0)
    }

    @Test func `a newer one that does not serve this program is an error at once, and stays`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        let wire = try await wire(server)
        let newer = Self.own.number + 5
        _ = try await wire.send("FUNCTION", "LOAD", Self.library(version: newer, compatible: newer - 1))
        let store = try store(server)
        let time = await ContinuousClock().measure {
            await #expect { try await store.connect(within: .seconds(30)) } throws: {
                guard case QueueError.refused(let text) = $0 else { return false }
                return text.hasPrefix("INCOMPATIBLE") && text.contains("is version \(newer)")
                    && text.contains("this one is version \(Self.own.number)") && text.hasSuffix("upgrade it")
            }
        }
        #expect(time < .seconds(5))
        #expect(try await version(wire) == "strange")
    }

    @Test func `however many come at once, it is loaded once`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        let stores = try (0..<20).map { _ in try store(server) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores { group.addTask { try await store.connect(within: .seconds(20)) } }
            try await group.waitForAll()
        }
        let wire = try await wire(server)
        #expect(try await wire.send("GET", "penstock:library").integer == 1)
        #expect(try await version(wire) == "\(Self.own.number) \(Self.own.compatible)")
    }

    @Test func `one that was lost is loaded again by the next call`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let wire = try await rig.wire()
        _ = try await wire.send("FUNCTION", "FLUSH")
        try await rig.enqueue()
        #expect(try await rig.queue.backlog().waiting == 1)
        _ = try await wire.send("FUNCTION", "FLUSH")
        let answers = await rig.queue.enqueue([NewJob(type: "work", payload: .init())])
        #expect(answers.allSatisfy { (try? $0.get()) != nil })
    }

    @Test func `a worker loads one that was lost, busy or idle`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false))
        let wire = try await rig.wire()
        let (census, gate) = (Census(), Gate())
        let worker = try rig.worker(
            concurrency: 2,
            [
                "work": census.handler(),
                "held": { _ in
                    await gate.pass()
                    return .none
                },
            ])
        try await Crew.with(worker) {
            defer { gate.open() }
            try await rig.enqueue("held")
            try await until("runs") { gate.arrived == 1 }
            _ = try await wire.send("FUNCTION", "FLUSH")
            // Only the worker speaks to the server now: a plain XADD needs no function.
            _ = try await wire.send("XADD", rig.key("normal"), "*", "type", "work", "payload", "{}")
            try await until("runs the next job") { census.begun == 1 }
            _ = try await wire.send("FUNCTION", "FLUSH")
            gate.open()
            try await until("both complete") {
                try await wire.send("HGET", rig.key("stats"), "completed").integer == 2
            }
        }
        #expect(try await rig.events().of(.completed).count == 2)
    }

    @Test func `a Redis at its maxmemory says what it needs`() async throws {
        let server = try RedisServer.started(appendOnly: false, extra: ["--maxmemory", "1mb"])
        let store = try store(server)
        await #expect { try await store.connect(within: .seconds(10)) } throws: {
            if case QueueError.outOfMemory = $0 { true } else { false }
        }
    }

    @Test(arguments: [
        ("version 3 compatible 2", true), ("version 3", false), ("compatible 2 version 3", false), ("", false),
        ("version x compatible 2", false),
    ])
    func `the version stands in a function's description`(text: String, isVersion: Bool) {
        #expect((Library.Version(description: text) != nil) == isVersion)
    }
}
