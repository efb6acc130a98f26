import Foundation
import Logging
import NIOPosix
import Redis
import Servers
import Support
import Testing

/// An operator's desk: the built program, a Redis behind it, and a queue that no other test uses.
struct Desk {
    private static let server = Result { try RedisServer.started() }

    let url: String
    let queue = "q\(UInt64.random(in: .min ... .max))"

    init() throws { url = try Self.server.get().url }

    func penstock(_ arguments: String..., input: String = "") async throws -> Program {
        try await Program.run(arguments, environment: ["REDIS_URL": url], input: input)
    }

    /// The new job's id.
    func enqueue(_ type: String = "t", _ options: String...) async throws -> String {
        try await enqueue(type, options)
    }

    private func enqueue(_ type: String, _ options: [String]) async throws -> String {
        let words = try await function("enqueue", [type, "{}"] + options)
        #expect(words.first == "queued")
        // As a worker of the queue would.
        try await redis("SADD", "penstock:queues", queue)
        return try #require(words.last)
    }

    /// A job that has failed for good, with this error.
    func bury(_ error: String, type: String = "t", _ options: String...) async throws -> String {
        // Critical, so that it is this one that is claimed.
        let id = try await enqueue(type, ["priority", "critical"] + options)
        let run = try await claim(1)
        #expect(run[2] == id)
        let entry = try #require(run[1].split(separator: "-").last.map(String.init))
        let end = [run[0], run[1], run[2], entry, "1000", "5", "dead", error]
        #expect(try await function("finish", ["hand"] + end) == ["OK"])
        return id
    }

    /// The five words of each run that is claimed: level, entry, id, header, payload.
    @discardableResult
    func claim(_ want: Int) async throws -> [String] {
        Array(try await function("claim", ["hand", String(want)]).dropFirst(5))
    }

    func function(_ name: String, _ words: [String]) async throws -> [String] {
        var command = Command("FCALL", "penstock_\(name)", "1", queue)
        command.append(contentsOf: words)
        return try #require(try await send(command).strings)
    }

    @discardableResult
    func redis(_ words: String...) async throws -> Reply { try await redis(words) }

    @discardableResult
    func redis(_ words: [String]) async throws -> Reply {
        var command = Command()
        command.append(contentsOf: words)
        return try await send(command)
    }

    private func send(_ command: Command) async throws -> Reply {
        let client = try Client(
            address: Address(url: url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        let reply: Reply
        do {
            try await Self.library.load(url)
            reply = try await client.send(command)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        return reply
    }

    private static let library = Bringer()

    /// Has the program bring the functions to the server, once.
    private actor Bringer {
        private var task: Task<Void, any Error>?

        func load(_ url: String) async throws {
            let task = task ?? Task { _ = try await Program.run(["backlog"], environment: ["REDIS_URL": url]) }
            self.task = task
            try await task.value
        }
    }
}
