import Foundation
import NIOCore
import NIOFoundationCompat

/// A job to enqueue.
public struct NewJob: Sendable {
    /// 1 to 128 printable characters. A type that nobody runs is accepted and waits.
    public var type: String
    public var payload: ByteBuffer
    /// 1 to 128 printable characters; nil lets the library make a UUIDv7. Taken while a live or dead job has it.
    public var id: String?
    public var priority: Priority = .normal
    /// Concurrency key, up to 256 bytes.
    public var key: String?
    /// Earliest start, counted by the clock of Redis from the moment of the enqueue. Milliseconds matter, finer does not.
    public var delay: Duration?
    /// Earliest start as a date; do not give `delay` too.
    public var at: Date?
    /// Deduplication key: while it is held, another enqueue with it answers the first job's id and makes no job.
    public var unique: String?
    /// How long `unique` is held after the enqueue, if the job does not live longer; nil is one day.
    public var ttl: Duration?
    /// Attempts before the job is dead; nil leaves it to the worker (5 unless the type says otherwise).
    public var attempts: Int?
    /// Limit of one run; nil leaves it to the worker.
    public var timeout: Duration?
    /// Stored with the job; names in lower case.
    public var headers: [String: String] = [:]
    public var source: String?
    /// W3C trace context of the producer.
    public var traceparent: String?

    public init(type: String, payload: ByteBuffer) {
        self.type = type
        self.payload = payload
    }

    /// A job whose payload is `payload` as JSON.
    public init(type: String, json payload: some Encodable) throws {
        self.init(type: type, payload: ByteBuffer(data: try JSONEncoder().encode(payload)))
    }
}

/// The answer to an enqueue.
public struct Receipt: Sendable, Equatable {
    /// The id of the new job, or of the first one when this is a duplicate.
    public let id: String
    public let isDuplicate: Bool

    package init(id: String, isDuplicate: Bool) {
        self.id = id
        self.isDuplicate = isDuplicate
    }
}
