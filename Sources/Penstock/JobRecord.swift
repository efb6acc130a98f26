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
    /// `QUEUE:MS` of a live or dead job that was moved: the queue it came from, and when it was enqueued there (ms since 1970).
    public var origin: String?
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
    /// The deduplication key.
    public var unique: String?
    /// Runs whose worker did not come back, of a live or dead job.
    public var crashes = 0
    /// Runs that were put off without an attempt charged.
    public var snoozes = 0
    /// Whether somebody has asked for the end of a running job.
    public var isCancelling = false
    /// What went wrong, the oldest first: the last ten times, of a live or dead job.
    public var failures: [Failure] = []
    /// What a person wrote who dealt with the dead letter.
    public var note: String?
    /// When that was.
    public var resolvedAt: Date?
    /// JSON text.
    public var result: ByteBuffer?
    public var payload: ByteBuffer?

    /// One run that failed, or whose worker did not come back.
    public struct Failure: Sendable, Equatable {
        public let at: Date
        /// Attempts charged by then.
        public let attempt: Int
        public let error: String
        public let worker: String?

        /// A line of JSON as the function library keeps it.
        init?(_ line: Substring) {
            struct Note: Decodable {
                let at: Int
                let attempt: Int
                let error: String
                let worker: String?
            }
            guard let note = try? JSONDecoder().decode(Note.self, from: Data(line.utf8)) else { return nil }
            at = Date(milliseconds: note.at)
            attempt = note.attempt
            error = note.error
            worker = note.worker
        }
    }

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
