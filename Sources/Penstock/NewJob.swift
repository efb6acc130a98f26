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
    /// How long `unique` is held after the enqueue in the scope `window`, if the job does not live longer; nil is one day.
    public var ttl: Duration?
    /// Until when `unique` is held; a dead or cancelled job frees it in every scope. Nil is `window`, and with `conflict`
    /// `replace` `untilStarted`.
    public var scope: Scope?
    /// What a held `unique` key makes of this job.
    public var conflict = Conflict.skip
    /// At most one job of this `unique` key lives and runs: a second one is skipped, or cancels the first and waits for the
    /// end of its run. Has a scope and a conflict of its own.
    public var singleton: Singleton?
    /// With `conflict` `replace` and a delay: the latest start, counted from the first enqueue, however often the delay is
    /// pushed back (debounce). Nil is no limit.
    public var maxWait: Duration?
    /// The job must start within this time after it is due, or `late` says what becomes of it. It counts for the first start.
    public var deadline: Duration?
    public var late = Late.bury
    /// Attempts before the job is dead; nil leaves it to the worker (5 unless the type says otherwise).
    public var attempts: Int?
    /// Limit of one run; nil leaves it to the worker.
    public var timeout: Duration?
    /// Stored with the job; names in lower case.
    public var headers: [String: String] = [:]
    public var source: String?
    /// W3C trace context of the producer.
    public var traceparent: String?

    /// How long a `unique` key is held.
    public enum Scope: String, Sendable, CaseIterable {
        /// While the job lives, and until `ttl` after its enqueue.
        case window
        /// Until the job starts for the first time.
        case untilStarted = "until-started"
        /// While the job lives.
        case untilFinished = "until-finished"
    }

    /// What becomes of a job whose `unique` key is held.
    public enum Conflict: String, Sendable, CaseIterable {
        /// No job is made; the receipt is a `duplicate`.
        case skip
        /// The job that waits takes this payload, and if it is delayed this delay; one that runs makes it a duplicate.
        case replace
        /// The first job is cancelled and this one is made.
        case cancel
    }

    /// What a second job of a singleton does.
    public enum Singleton: String, Sendable, CaseIterable {
        case skip, cancel
    }

    /// What becomes of a job that did not start in time.
    public enum Late: String, Sendable, CaseIterable {
        /// A dead letter.
        case bury
        /// Cancelled.
        case drop
    }

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
    public enum Answer: String, Sendable {
        /// A new job waits.
        case queued
        /// The key or id was taken; no job was made.
        case duplicate
        /// The job that waits has taken the new payload.
        case replaced
    }

    /// The id of the new job, or of the first one when this is a duplicate or a replacement.
    public let id: String
    public let answer: Answer

    public var isDuplicate: Bool { answer == .duplicate }

    package init(id: String, answer: Answer = .queued) {
        self.id = id
        self.answer = answer
    }

    /// Two words of a function's reply; nil if they are not such.
    init?(word: String, value: String) {
        guard let answer = Answer(rawValue: word) else { return nil }
        self.init(id: value, answer: answer)
    }
}
