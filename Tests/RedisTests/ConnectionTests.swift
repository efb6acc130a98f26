import NIOCore
import Redis
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    @Test func `replies of concurrent tasks reach those who asked`() async throws {
        let site = try Site()
        let connection = try await site.connection()
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<1_000 {
                group.addTask {
                    var wrong = 0
                    for round in 0..<3 {
                        let text = "\(task)/\(round)" + String(repeating: "x", count: task)
                        if try await connection.send(Command("ECHO", text)).string != text { wrong += 1 }
                    }
                    return wrong
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test func `commands of one call are executed in order, and a refusal keeps its place`() async throws {
        let connection = try await Site().connection()
        let replies = try await connection.send(
            [Command("SET", "a", "1"), Command("INCR", "a"), Command("NONSENSE"), Command("GET", "a")])
        #expect(replies.count == 4)
        #expect(replies[1] == .integer(2) && replies[3].string == "2")
        guard case .error(.server(code: "ERR", _)) = replies[2] else {
            Issue.record("\(replies[2])")
            return
        }
        #expect(try await connection.send([]) == [])
    }

    @Test func `single commands and batches share a connection in the order in which they were sent`() async throws {
        let connection = try await Site().connection()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<200 {
                group.addTask {
                    let words = (0..<5).map { "\(task).\($0)" }
                    let replies = try await connection.send(words.map { Command("ECHO", $0) })
                    #expect(replies.map(\.string) == words)
                }
                group.addTask {
                    let reply = try await connection.send(Command("ECHO", "\(task)"))
                    #expect(reply.string == "\(task)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `any bytes go there and come back`() async throws {
        let connection = try await Site().connection()
        let all = ByteBuffer(bytes: (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
        var command = Command("SET", "")
        command.append(all)
        _ = try await connection.send(command)
        #expect(try await connection.send(Command("GET", "")).bytes == all)
        #expect(try await connection.send(Command("GET", "none")) == .null)
    }

    @Test(
        "a refusal is an error with its first word as the code",
        arguments: [
            (["HSET", "s", "a", "b"], "WRONGTYPE"), (["NONSENSE"], "ERR"), (["EVALSHA", "0", "0"], "NOSCRIPT"),
            (["EVAL", "return redis.error_reply('FULL queue')", "0"], "FULL"),
        ])
    func refusals(words: [String], code: String) async throws {
        let connection = try await Site().connection()
        _ = try await connection.send(Command("SET", "s", "1"))
        var command = Command()
        command.append(contentsOf: words)
        let error = await failure { _ = try await connection.send(command) }
        guard case .server(code, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await connection.send(Command("GET", "s")).string == "1")
    }

    @Test func `a connection killed in flight says that the command may have been executed`() async throws {
        let site = try Site()
        let blocked = try await site.connection()
        let other = try await site.connection()
        async let error = failure { _ = try await blocked.send(Command("BLPOP", "list", "0"), timeout: .seconds(60)) }
        try await eventually {
            try await other.send(Command("INFO", "clients")).string?.contains("blocked_clients:1") == true
        }
        _ = try await other.send(Command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
        let found = await error
        #expect(found?.maybeExecuted == true)
        guard case .lost = found else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(!blocked.isOpen)
        guard case .notConnected = await failure({ _ = try await blocked.send(Command("PING")) }) else {
            Issue.record("a closed connection takes commands")
            return
        }
    }

    @Test func `a server that stands still is noticed in the time of the most impatient`() async throws {
        let site = try Site()
        let connection = try await site.connection()
        site.server.suspend()
        defer { site.server.resume() }
        let start = ContinuousClock.now
        async let patient = failure { _ = try await connection.send(Command("PING"), timeout: .seconds(60)) }
        // The patient one is first in line once its bytes were written.
        for _ in 0..<100 { await Task.yield() }
        let error = await failure { _ = try await connection.send(Command("PING"), timeout: .milliseconds(200)) }
        guard case .timedOut = error, case .timedOut = await patient else {
            Issue.record("\(String(describing: error))")
            return
        }
        let elapsed = ContinuousClock.now - start
        #expect(elapsed >= .milliseconds(200) && elapsed < .seconds(50))
        #expect(!connection.isOpen)
    }

    @Test func `a blocking command may take its own time`() async throws {
        let site = try Site()
        let blocked = try await site.connection()
        let other = try await site.connection()
        #expect(try await blocked.send(Command("BLPOP", "list", "0.1"), timeout: .seconds(20)) == .null)
        async let popped = blocked.send(Command("BLPOP", "list", "0"), timeout: .seconds(20))
        try await eventually {
            try await other.send(Command("INFO", "clients")).string?.contains("blocked_clients:1") == true
        }
        #expect(try await other.send(Command("RPUSH", "list", "x")) == .integer(1))
        #expect(try await popped.strings == ["list", "x"])
    }

    @Test func `what is behind a blocking command in one write runs as soon as that ends`() async throws {
        let site = try Site()
        let blocked = try await site.connection()
        let other = try await site.connection()
        async let replies = blocked.send(
            [Command("BZPOPMIN", "bell", "20"), Command("LPOP", "list")], timeout: .seconds(30))
        try await eventually {
            try await other.send(Command("INFO", "clients")).string?.contains("blocked_clients:1") == true
        }
        _ = try await other.send([
            Command("MULTI"), Command("RPUSH", "list", "job"), Command("ZADD", "bell", "0", "ring"), Command("EXEC"),
        ])
        #expect(try await replies.last?.string == "job")
    }

    @Test func `nobody is there`() async throws {
        let address = try Address(url: "unix:///tmp/penstock-nobody-is-here.sock")
        let error = await failure { _ = try await Connection.connect(to: address, on: Site.loop) }
        guard case .notConnected(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("penstock-nobody-is-here"))
    }
}
