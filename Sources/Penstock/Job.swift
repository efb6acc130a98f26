import Foundation
import NIOCore
import NIOFoundationCompat

/// One run of a job, as a handler sees it.
public struct Job: Sendable {
    /// Unique among the live and dead jobs of its queue; a UUIDv7 unless the producer chose one.
    public let id: String
    public let queue: String
    /// What selects the handler.
    public let type: String
    public let priority: Priority
    /// The concurrency key, if the producer gave one.
    public let key: String?
    /// 1 at the first run. Runs that were released or whose worker crashed are not counted.
    public let attempt: Int
    /// The job is dead when this many attempts have failed.
    public let maxAttempts: Int
    /// By the clock of Redis.
    public let enqueuedAt: Date
    /// Where the job came from: the name of a webhook source, `api`, or what the producer said.
    public let source: String?
    /// What the producer sent along, by lower-case name; for webhooks the `x-github-*` headers and `content-type`.
    public let headers: [String: String]
    /// The producer's bytes, never decoded or re-encoded on the way.
    public let payload: ByteBuffer
    let pulse = Pulse()

    package init(
        id: String, queue: String, type: String, priority: Priority = .normal, key: String? = nil, attempt: Int = 1,
        maxAttempts: Int = 5, enqueuedAt: Date = Date(), source: String? = nil, headers: [String: String] = [:],
        payload: ByteBuffer
    ) {
        self.id = id
        self.queue = queue
        self.type = type
        self.priority = priority
        self.key = key
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.enqueuedAt = enqueuedAt
        self.source = source
        self.headers = headers
        self.payload = payload
    }

    /// A sign of life, for types with a `heartbeat`: call it more often than that, from anywhere.
    public func heartbeat() { pulse.beat() }

    /// Decodes the payload as JSON.
    /// - Throws: `Bury`, because a payload that cannot be decoded today cannot be decoded at the next attempt either.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: payload)
        } catch {
            throw Bury("payload is not a \(type): \(error)")
        }
    }
}
