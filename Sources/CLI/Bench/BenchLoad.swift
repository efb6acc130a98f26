import Foundation
import NIOCore
import Penstock
import Redis

/// The calls that the benchmark times: the engine's through the public library, and bare ones over the same client.
struct BenchLoad: Sendable {
    let queue: Queue
    let client: Client
    let concurrency: Int
    let payload: ByteBuffer

    static let type = "noop"
    /// A plain stream beside the queue, for the bare commands.
    var stream: String { "penstock:{\(queue.name)}:bench" }

    private var job: NewJob { NewJob(type: Self.type, payload: payload) }

    // MARK: Enqueue

    func enqueueOneByOne(_ count: Int) async throws {
        for _ in 0..<count {
            try Task.checkCancellation()
            _ = try await queue.enqueue(job)
        }
    }

    func enqueueConcurrently(_ count: Int) async throws {
        try await spread(count) { _ = try await queue.enqueue(job) }
    }

    func enqueueInBatches(_ count: Int) async throws {
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            let size = min(left, 100)
            for answer in await queue.enqueue([NewJob](repeating: job, count: size)) { _ = try answer.get() }
            left -= size
        }
    }

    func addOneByOne(_ count: Int) async throws {
        for _ in 0..<count { _ = try await client.send(add) }
    }

    func addConcurrently(_ count: Int) async throws {
        try await spread(count) { _ = try await client.send(add) }
    }

    func addInBatches(_ count: Int) async throws {
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            let size = min(left, 100)
            _ = try await client.connection().send([Command](repeating: add, count: size))
            left -= size
        }
    }

    private var add: Command {
        var command = Command("XADD", stream, "*", "payload")
        command.append(payload)
        return command
    }

    /// As many tasks as slots, each sending one call after the other.
    private func spread(_ count: Int, _ call: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for task in 0..<concurrency {
                let share = count / concurrency + (task < count % concurrency ? 1 : 0)
                group.addTask {
                    for _ in 0..<share where !Task.isCancelled { try await call() }
                }
            }
        }
    }

    // MARK: Drain

    /// Claims and settles everything in turns of 100 from a loop that runs no handler, two of them in flight.
    func turnBare() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for task in 0..<2 { group.addTask { try await turnUntilEmpty(consumer: "bare-\(task)") } }
        }
    }

    private func turnUntilEmpty(consumer: String) async throws {
        var settled: [[Reply]] = []
        var now = 0
        while true {
            var command = Command("FCALL", "penstock_turn", "1", queue.name, consumer, "100")
            for run in settled { Self.append(run, startedAt: now, to: &command) }
            let words = try await client.send(command).array ?? []
            now = words.first?.integer ?? 0
            settled = Self.runs(words)
            if settled.isEmpty { return }
        }
    }

    /// The runs in a turn's reply, five words each.
    static func runs(_ words: [Reply]) -> [[Reply]] {
        guard words.count > 5, let answers = words[4].integer else { return [] }
        return stride(from: 5 + answers, to: words.count, by: 5).map { Array(words[$0..<$0 + 5]) }
    }

    static func append(_ run: [Reply], startedAt: Int, to command: inout Command) {
        for word in run[0..<3] { if let bytes = word.bytes { command.append(bytes) } }
        command.append(String(run[1].string?.split(separator: "-").last ?? ""))
        command.append(startedAt)
        command.append("0")
        command.append("completed")
        command.append("")
    }

    /// Reads, acknowledges and deletes entries of a plain stream, 100 at a time: what the server's own commands cost.
    func readBare() async throws {
        _ = try? await client.send(Command("XGROUP", "CREATE", stream, "bench", "0", "MKSTREAM"))
        let connection = try await client.connection()
        let read = Command("XREADGROUP", "GROUP", "bench", "bare", "COUNT", "100", "STREAMS", stream, ">")
        var ids: [String] = []
        while true {
            var commands: [Command] = []
            if !ids.isEmpty {
                var ack = Command("XACK", stream, "bench")
                var delete = Command("XDEL", stream)
                ack.append(contentsOf: ids)
                delete.append(contentsOf: ids)
                commands = [ack, delete]
            }
            guard let entries = try await connection.send(commands + [read]).last?.array?.first?.array?.last?.array
            else {
                return
            }
            ids = entries.compactMap { $0.array?.first?.string }
        }
    }

    // MARK: Pick-up

    /// Waits for the doorbell and claims in one write, from a loop without engine; tells when each run came.
    func pickUpBare(_ count: Int, came: @Sendable (String) -> Void) async throws {
        let connection = try await client.dedicated()
        defer { connection.close() }
        var left = count
        while left > 0 {
            var turn = Command("FCALL", "penstock_turn", "1", queue.name, "bare", "64")
            let replies = try await connection.send(
                [Command("BZPOPMIN", "penstock:{\(queue.name)}:bell", "1"), turn], timeout: .seconds(5))
            let words = replies[1].array ?? []
            let runs = Self.runs(words)
            guard !runs.isEmpty else { continue }
            for run in runs { came(run[2].string ?? "") }
            left -= runs.count
            turn = Command("FCALL", "penstock_turn", "1", queue.name, "bare", "0")
            for run in runs { Self.append(run, startedAt: words.first?.integer ?? 0, to: &turn) }
            _ = try await client.send(turn)
        }
    }

    // MARK: Size and end

    /// Bytes of Redis's memory that the queue's keys take.
    func bytes() async throws -> Int {
        var sum = 0
        for key in queue.keys {
            sum += try await client.send(Command("MEMORY", "USAGE", key.name, "SAMPLES", "1000")).integer ?? 0
        }
        return sum
    }

    /// Removes the queue as if it had never been.
    func remove() async throws {
        var command = Command("UNLINK", stream)
        command.append(contentsOf: queue.keys.map(\.name))
        _ = try await client.send(command)
    }
}
