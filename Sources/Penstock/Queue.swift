import NIOCore

/// One queue: a name in a `Store`. Cheap to make; holds no connection of its own.
public struct Queue: Sendable {
    public let name: String

    /// - Throws: `QueueError.invalid` unless the name is 1 to 128 of `A-Z a-z 0-9 . _ / -`.
    public init(_ name: String, in store: Store) throws(QueueError) { fatalError("stub") }

    /// Enqueues one job. Once it returns, the job survives the crash of any process.
    /// - Throws: `QueueError.away` (with `maybeExecuted` when the answer was lost: repeat it with the same `id` or
    ///   `unique`), `.full`, `.invalid`.
    public func enqueue(_ job: NewJob) async throws(QueueError) -> Receipt { fatalError("stub") }

    /// Enqueues many jobs, in calls of at most 100 jobs and 4 MiB; each has an answer of its own, in order.
    public func enqueue(_ jobs: [NewJob]) async -> [Result<Receipt, QueueError>] { fatalError("stub") }

    /// A live or dead job; nil when Redis has none with this id.
    public func job(_ id: String) async throws(QueueError) -> JobRecord? { fatalError("stub") }

    public func backlog() async throws(QueueError) -> Backlog { fatalError("stub") }

    /// Counts a webhook that no route wanted.
    package func countUnrouted() async throws(QueueError) { fatalError("stub") }

    /// The next events for Postgres, at most 1,000 and 8 MiB: first what another consumer left for 30 s, then new ones.
    package func events(consumer: String) async throws(QueueError) -> [Event] { fatalError("stub") }

    /// Acknowledges and deletes events that are committed.
    package func recorded(_ ids: [Event.ID]) async throws(QueueError) { fatalError("stub") }
}
