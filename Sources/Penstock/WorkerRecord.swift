import Foundation
import Redis

/// A worker process as its heartbeat tells.
public struct WorkerRecord: Sendable, Equatable {
    /// The consumer's name: host, process id, random.
    public let name: String
    public let queues: [String]
    public let types: [String]
    public let concurrency: Int
    public let running: Int
    /// Of its last heartbeat, by the clock of Redis.
    public let seenAt: Date
}

extension Int64 {
    /// The milliseconds of a reply to `TIME`: seconds and microseconds. Nil if it is no such reply.
    init?(time reply: Reply) {
        guard let words = reply.array, words.count == 2, let seconds = words[0].integer, let rest = words[1].integer
        else { return nil }
        self = Int64(seconds) * 1000 + Int64(rest) / 1000
    }
}

extension Store {
    /// Three beats of 10 s, in milliseconds: who is silent for longer is gone.
    static let silence: Int64 = 30_000

    /// Milliseconds since 1970 by the clock of Redis, the only one that counts.
    func now() async throws(QueueError) -> Int64 {
        guard let now = Int64(time: try await send(Command("TIME"))) else {
            throw .refused("TIME is not answered; see what serves the address")
        }
        return now
    }

    /// The workers that live, by name. A heartbeat is written every 10 s; one that is older than 30 s is skipped.
    public func workers() async throws(QueueError) -> [WorkerRecord] {
        struct Beat: Decodable {
            let at: Int64
            let queues: [String]
            let types: [String]
            let concurrency: Int
            let running: Int
        }
        let now = try await now()
        let beats = try await send(Command("HGETALL", Key.workers)).pairs
        let records = beats.compactMap { name, value -> WorkerRecord? in
            guard let text = value.string, let beat = try? JSONDecoder().decode(Beat.self, from: Data(text.utf8)),
                now - beat.at <= Self.silence
            else { return nil }
            return WorkerRecord(
                name: name, queues: beat.queues, types: beat.types, concurrency: beat.concurrency,
                running: beat.running, seenAt: Date(milliseconds: Int(beat.at)))
        }
        return records.sorted { $0.name < $1.name }
    }

    /// What Redis uses of its memory, in bytes.
    public struct Memory: Sendable, Equatable {
        public let used: Int
        /// `maxmemory`; nil where it is not set.
        public let limit: Int?
    }

    public func memory() async throws(QueueError) -> Memory {
        let text = try await send(Command("INFO", "memory")).string ?? ""
        var facts: [Substring: Int] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, let number = Int(parts[1]) { facts[parts[0]] = number }
        }
        let limit = facts["maxmemory"] ?? 0
        return Memory(used: facts["used_memory"] ?? 0, limit: limit > 0 ? limit : nil)
    }
}
