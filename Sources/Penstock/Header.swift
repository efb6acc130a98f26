/// The facts of a job as Redis keeps them: one line of JSON in `penstock:{queue}:jobs`. Defaults are left out there.
package struct Header: Sendable, Equatable {
    package var type = ""
    package var priority = Priority.normal
    package var key: String?
    /// The entry that stands for the job while it waits or runs, `<ms>-<n>`.
    package var entry: String?
    /// The number in it, a new one at every re-entry.
    package var n = 0
    /// Attempts charged so far.
    package var attempt = 0
    package var maxAttempts: Int?
    /// Milliseconds.
    package var timeout: Int?
    /// Milliseconds since 1970, by the clock of Redis.
    package var enqueuedAt = 0
    /// When it was or will be ready to run; nil when that is `enqueuedAt`.
    package var runAt: Int?
    package var unique: String?
    package var source: String?
    /// A JSON object as the producer wrote it; decoded only for a handler.
    package var headers: String?
    package var traceparent: String?
    /// `QUEUE:MS`: the queue that it was moved from, and when it was enqueued there.
    package var origin: String?
    package var lastError: String?
    /// Runs whose worker did not come back.
    package var crashes = 0
    /// Runs after which the handler asked for a later one, no attempt charged.
    package var snoozes = 0
    /// Whether an operator wants it to end.
    package var isCancelling = false

    package init() {}
}
