import Foundation
import Logging
import NIOPosix
import Redis
import Servers
import Support
import Testing

/// Commands that speak to a Redis of their own.
@Suite struct CommandTests {
    private static let server = Result { try RedisServer.started() }

    /// A queue that no other test uses.
    private let queue = "q\(UInt64.random(in: .min ... .max))"

    private func penstock(_ arguments: String..., input: String = "") async throws -> Program {
        try await Program.run(
            arguments, environment: ["REDIS_URL": try Self.server.get().url], input: input)
    }

    @Test func `an enqueued job is named, and its duplicate names the first`() async throws {
        let first = try await penstock("enqueue", queue, "echo", "{\"a\":1}", "--unique", "k", "--priority", "high")
        let id = try #require(first.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
        #expect(first.output == "queued \(id)\n")
        #expect(first.code == 0)
        let second = try await penstock("enqueue", queue, "echo", "{}", "--unique", "k")
        #expect(second.output == "duplicate \(id)\n")
        #expect(second.code == 0)
    }

    @Test func `a job is shown with all that it was given, its payload read from stdin`() async throws {
        let enqueued = try await penstock(
            "enqueue", queue, "echo", "-", "--id", queue, "--key", "k", "--delay", "1h", "--attempts", "3",
            "--timeout", "2s", "--header", "A=b=c", input: "{ \"n\": 12345678901234567890 }")
        #expect(enqueued.output == "queued \(queue)\n")
        let shown = try await penstock("job", queue)
        #expect(shown.code == 0)
        #expect(shown.output.contains("state     delayed\n"))
        #expect(shown.output.contains("payload   { \"n\": 12345678901234567890 }\n"))
        let json = try await penstock("job", queue, "--json")
        #expect(json.output.contains("\"payload\":{ \"n\": 12345678901234567890 }"))
        #expect(json.output.contains("\"started_at\":null"))
        #expect(json.output.split(separator: "\n").count == 1)
    }

    @Test func `a job that nobody knows is an error that says where to look`() async throws {
        let program = try await penstock("job", "nobody-knows")
        #expect(program.code == 1)
        #expect(program.errors.count == 1)
        #expect(program.errors[0].hasPrefix("penstock: no live or dead job is nobody-knows in unix://"))
        #expect(program.errors[0].hasSuffix("; set DATABASE_URL to look for it among ended ones"))
    }

    @Test func `the backlog is a table, and the same numbers as JSON`() async throws {
        for _ in 0..<2 { _ = try await penstock("enqueue", queue, "echo") }
        _ = try await penstock("enqueue", queue, "echo", "--delay", "1h")
        let table = try await penstock("backlog", queue)
        let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows[0].prefix(7) == ["QUEUE", "LEVEL", "WAITING", "RUNNING", "DELAYED", "PARKED", "DEAD"])
        #expect(rows[1].prefix(7) == [queue, "all", "2", "0", "1", "0", "0"])
        #expect(rows[1].last == "never")
        #expect(
            rows.map { $0.first } == ["QUEUE", queue, "critical", "high", "normal", "low", "returned", "\(queue):"])
        #expect(rows.last?.dropFirst() == ["3", "accepted"])
        let json = try await penstock("backlog", queue, "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let queues = try #require(object["queues"] as? [[String: Any]])
        #expect(queues.count == 1)
        #expect(queues[0]["waiting"] as? Int == 2)
        #expect(queues[0]["delayed"] as? Int == 1)
        #expect(queues[0]["drain_seconds"] is NSNull)
    }

    @Test func `a queue becomes known by its first job and not by a slip of the pen`() async throws {
        let slip = "slip-\(queue)"
        let program = try await penstock("backlog", slip)
        #expect(program.code == 1)
        #expect(program.errors.first?.hasPrefix("penstock: no queue is named \(slip) in ") == true)
        _ = try await penstock("enqueue", queue, "echo")
        let all = try await penstock("backlog").output
        #expect(all.contains("\(queue)  "))
        #expect(!all.contains(slip))
    }

    @Test func `where no queue is known it is said how to make one`() async throws {
        let empty = try RedisServer.started()
        defer { empty.stop() }
        let program = try await Program.run(["backlog"], environment: ["REDIS_URL": empty.url])
        #expect(program.code == 0)
        #expect(
            program.output
                == "no queue is known in \(empty.url); the first job makes one: penstock enqueue github echo '{\"a\":1}'\n"
        )
    }

    @Test func `a wrong password is no outage`() async throws {
        let locked = try RedisServer.started()
        defer { locked.kill() }
        // Locked only now: its readiness is asked without a password.
        let admin = try Client(
            address: Address(url: locked.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        _ = try await admin.send(Command("CONFIG", "SET", "requirepass", "s3cret"))
        await admin.shutdown()
        for arguments in [["backlog"], ["run", "--role", "worker"]] {
            let program = try await Program.run(arguments, environment: ["REDIS_URL": locked.url])
            #expect(program.code == 1)
            #expect(program.errors.last?.hasPrefix("penstock: NOAUTH") == true)
        }
    }
}
