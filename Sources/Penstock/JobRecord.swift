import Foundation
import NIOCore

/// What is known of one job, from Redis (live and dead jobs) or from Postgres (ended ones).
public struct JobRecord: Sendable {
    public var queue: String
    public var id: String
    public var type: String
    public var state: JobState
    public var priority: Priority
    public var key: String?
    /// Attempts that were charged so far.
    public var attempts: Int
    public var source: String?
    public var enqueuedAt: Date?
    /// When a delayed job is due.
    public var dueAt: Date?
    public var startedAt: Date?
    public var finishedAt: Date?
    /// Milliseconds of the last run.
    public var runMilliseconds: Int?
    /// Milliseconds between being ready and starting.
    public var waitMilliseconds: Int?
    /// The consumer that runs it, or ran it last.
    public var worker: String?
    public var error: String?
    /// JSON text.
    public var result: ByteBuffer?
    public var payload: ByteBuffer?

    package init(queue: String, id: String, type: String, state: JobState, priority: Priority) {
        self.queue = queue
        self.id = id
        self.type = type
        self.state = state
        self.priority = priority
        self.attempts = 0
    }
}

/// Where ended jobs are looked up. The engine owns the protocol; the sink fulfils it from Postgres.
public protocol History: Sendable {
    /// The record of a job, or nil if this store has none.
    func job(queue: String, id: String) async throws -> JobRecord?
    /// Every queue's record under this id, newest first.
    func jobs(id: String) async throws -> [JobRecord]
    /// Succeeds if the store answers and its schema is the one that this program needs.
    func check() async throws
}
