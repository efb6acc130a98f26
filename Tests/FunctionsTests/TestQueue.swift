import NIOCore
import Redis
import Testing

/// One queue, driven as any Redis client would: raw calls of the functions, and raw commands to look behind them.
struct TestQueue: Sendable {
    let name: String
    let client: Client

    func key(_ name: String) -> String { "penstock:{\(self.name)}:\(name)" }

    /// However busy the machine is: what is tested is what is answered, not when.
    @discardableResult
    func send(_ command: Command) async throws -> Reply { try await client.send(command, timeout: .seconds(120)) }

    /// A function's reply.
    func reply(_ function: String, _ words: [String], readOnly: Bool = false) async throws -> Reply {
        var command = Command(readOnly ? "FCALL_RO" : "FCALL", "penstock_\(function)", "1", name)
        command.append(contentsOf: words)
        return try await send(command)
    }

    /// A function's reply as words.
    @discardableResult
    func call(_ function: String, _ words: String...) async throws -> [String] {
        try #require(try await reply(function, words).strings)
    }

    /// The first word of the error that a function answers, nil if it answers none.
    func refusal(_ function: String, _ words: [String]) async throws -> String? {
        do {
            _ = try await reply(function, words)
            return nil
        } catch RedisError.server(let code, _) {
            return code
        }
    }

    @discardableResult
    func redis(_ words: String...) async throws -> Reply {
        var command = Command()
        command.append(contentsOf: words)
        return try await send(command)
    }

    func integer(_ words: String...) async throws -> Int {
        var command = Command()
        command.append(contentsOf: words)
        return try await send(command).integer ?? 0
    }

    /// The id of a new job.
    @discardableResult
    func enqueue(_ type: String = "t", _ payload: String = "{}", _ options: String...) async throws -> String {
        let words = try #require(try await reply("enqueue", [type, payload] + options).strings)
        #expect(words.first == "queued")
        return try #require(words.last)
    }

    /// Many jobs of one level, in few calls.
    func fill(_ count: Int, _ options: String..., payload: String = "{}") async throws {
        for start in stride(from: 0, to: count, by: 100) {
            let job = ["t", payload] + options
            let words = (start..<min(count, start + 100)).flatMap { _ in [String(job.count)] + job }
            _ = try await reply("enqueue_many", words)
        }
    }

    func turn(
        _ want: Int = 100, by consumer: String = "w1", again: Bool = false, _ outcomes: [[String]] = []
    ) async throws -> Turn {
        let words = [consumer, String(want)] + (again ? ["again"] : []) + outcomes.flatMap { $0 }
        return try #require(Turn(try await reply("turn", words), consumer: consumer))
    }

    /// The one run that is waiting.
    func claimOne(by consumer: String = "w1") async throws -> Run {
        try #require(try await turn(1, by: consumer).runs.first)
    }

    /// Settles, and answers `OK` or `LOST` for each.
    func settle(_ outcomes: [String]..., by consumer: String = "w1", again: Bool = false) async throws -> [String] {
        try await turn(0, by: consumer, again: again, outcomes).answers
    }

    /// The server's clock, in milliseconds.
    func now() async throws -> Int {
        let time = try #require(try await redis("TIME").array)
        return (time[0].integer ?? 0) * 1000 + (time[1].integer ?? 0) / 1000
    }

    /// Whether the bell was rung since the last look.
    func rung() async throws -> Bool {
        try await redis("ZPOPMIN", key("bell")).array?.isEmpty == false
    }
}
