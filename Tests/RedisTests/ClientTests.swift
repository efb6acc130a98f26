import NIOCore
import Redis
import Servers
import Support
import Synchronization
import Testing

/// A client outlives its connections.
@Suite(.timeLimit(.minutes(2))) struct ClientTests {
    @Test func `the first connection is waited for`() async throws {
        let client = try Site().client()
        #expect(try await client.send(Command("PING")).string == "PONG")
    }

    @Test func `a killed server that comes back is used again, its data there`() async throws {
        let site = try Site()
        let client = site.client()
        for round in 1...3 {
            #expect(try await client.send(Command("INCR", "a"), waits: true) == .integer(round))
            site.server.kill()
            // The loss is noticed by the event loop, a moment later.
            try await eventually { await failure { _ = try await client.send(Command("PING")) } != nil }
            try site.server.start()
        }
        try await eventually { await failure { _ = try await client.send(Command("PING")) } == nil }
    }

    @Test func `while there is no connection a command fails at once`() async throws {
        let site = try Site()
        let client = site.client()
        _ = try await client.send(Command("PING"))
        site.server.kill()
        try await eventually {
            if case .notConnected = await failure({ _ = try await client.send(Command("PING")) }) {
                true
            } else {
                false
            }
        }
        for _ in 0..<10 {
            let start = ContinuousClock.now
            guard case .notConnected = await failure({ _ = try await client.send(Command("PING")) }) else {
                Issue.record("a command without a connection did not fail")
                return
            }
            #expect(ContinuousClock.now - start < .seconds(1))
        }
        await client.shutdown()
    }

    @Test func `a command that waits is sent when the server is back`() async throws {
        let site = try Site()
        let client = site.client()
        _ = try await client.send(Command("SET", "a", "1"))
        site.server.kill()
        try await eventually { await failure { _ = try await client.send(Command("PING")) } != nil }
        async let value = client.send(Command("GET", "a"), waits: true)
        try site.server.start()
        #expect(try await value.string == "1")
    }

    @Test func `many may wait for one server`() async throws {
        let site = try Site()
        site.server.kill()
        let client = site.client()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for task in 0..<100 {
                group.addTask { try await client.send(Command("ECHO", "\(task)"), waits: true).string }
            }
            try site.server.start()
            #expect(try await group.reduce(into: Set<String>()) { $0.insert($1 ?? "") }.count == 100)
        }
    }

    @Test func `no command is left without an answer while connections are killed`() async throws {
        let site = try Site()
        let client = site.client()
        let killer = try await site.connection()
        let answered = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    var answered = 0
                    for _ in 0..<300 {
                        let error = await failure { _ = try await client.send(Command("INCR", "a"), waits: true) }
                        if error == nil { answered += 1 }
                        // Nothing else can happen to one who waits: it was executed, or nobody knows.
                        if error?.maybeExecuted == false { return -1_000_000 }
                    }
                    return answered
                }
            }
            for _ in 0..<200 {
                _ = await failure { _ = try await killer.send(Command("CLIENT", "KILL", "TYPE", "normal")) }
            }
            return await group.reduce(0, +)
        }
        #expect(answered > 0)
        let counted = try await killer.send(Command("GET", "a")).integer ?? 0
        #expect(counted >= answered)
        await client.shutdown()
    }

    @Test func `a server that stood still is used again over a fresh connection`() async throws {
        let site = try Site()
        let client = site.client()
        let first = try await client.send(Command("CLIENT", "ID"))
        site.server.suspend()
        let start = ContinuousClock.now
        let error = await failure { _ = try await client.send(Command("PING"), timeout: .milliseconds(200)) }
        guard case .timedOut = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ContinuousClock.now - start < .seconds(5))
        site.server.resume()
        let second = try await client.send(Command("CLIENT", "ID"), waits: true)
        #expect(second != first)
    }

    @Test func `a server that no longer writes is left and asked again`() async throws {
        let site = try Site()
        let client = site.client()
        let first = try await client.send(Command("CLIENT", "ID"))
        _ = try await client.send(Command("REPLICAOF", "127.0.0.1", "1"))
        let error = await failure { _ = try await client.send(Command("SET", "a", "1")) }
        guard case .server(code: "READONLY", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await eventually { try await client.send(Command("CLIENT", "ID"), waits: true) != first }
        _ = try await client.send(Command("REPLICAOF", "NO", "ONE"), waits: true)
        _ = try await client.send(Command("SET", "a", "1"), waits: true)
    }

    @Test func `a fresh connection is prepared before anybody gets it`() async throws {
        let site = try Site()
        let count = Mutex(0)
        let client = Client(address: site.address, eventLoop: Site.loop, logger: Site.quiet) {
            connection throws(RedisError) in
            count.withLock { $0 += 1 }
            _ = try await connection.send(Command("CLIENT", "SETNAME", "prepared"))
        }
        #expect(try await client.send(Command("CLIENT", "GETNAME")).string == "prepared")
        let dedicated = try await client.dedicated()
        #expect(try await dedicated.send(Command("CLIENT", "GETNAME")).string == "prepared")
        #expect(count.withLock { $0 } == 2)
    }

    @Test func `a dedicated connection blocks nobody`() async throws {
        let site = try Site()
        let client = site.client()
        let dedicated = try await client.dedicated()
        async let popped = dedicated.send(Command("BLPOP", "list", "0"), timeout: .seconds(30))
        try await eventually {
            try await client.send(Command("INFO", "clients")).string?.contains("blocked_clients:1") == true
        }
        _ = try await client.send(Command("RPUSH", "list", "x"))
        #expect(try await popped.strings == ["list", "x"])
        dedicated.close()
    }

    @Test func `one who waits can be cancelled`() async throws {
        let site = try Site()
        site.server.kill()
        let client = site.client()
        let task = Task { await failure { _ = try await client.send(Command("PING"), waits: true) } }
        task.cancel()
        guard case .notConnected = await task.value else {
            Issue.record("a cancelled command went on")
            return
        }
        await client.shutdown()
    }

    @Test func `after shutdown nothing is sent, and those who wait are told`() async throws {
        let site = try Site()
        let client = site.client()
        _ = try await client.send(Command("PING"))
        let connection = try await client.connection()
        await client.shutdown()
        #expect(!connection.isOpen)
        #expect(await failure { _ = try await client.send(Command("PING"), waits: true) } != nil)
        site.server.kill()
        let other = site.client()
        let task = Task { await failure { _ = try await other.send(Command("PING"), waits: true) } }
        await other.shutdown()
        #expect(await task.value != nil)
    }

    @Test func `connecting is given up after the time that one has`() async throws {
        let site = try Site()
        site.server.kill()
        let client = site.client()
        let start = ContinuousClock.now
        #expect(await failure { try await client.connect(within: .milliseconds(300)) } != nil)
        let elapsed = ContinuousClock.now - start
        #expect(elapsed >= .milliseconds(300) && elapsed < .seconds(10))
        try site.server.start()
        try await client.connect(within: .seconds(20))
        #expect(try await client.send(Command("PING")).string == "PONG")
        await client.shutdown()
    }
}
