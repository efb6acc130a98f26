import Redis

extension Queue {
    /// What `cancel` did.
    public enum Cancellation: Sendable, Equatable {
        /// The job is over.
        case cancelled
        /// It runs; its worker hears of it at its next renewal.
        case cancelling
    }

    /// A setting that changed.
    public struct Change: Sendable, Equatable {
        public let name: String
        public let old: String
        public let new: String
    }

    /// Ends a live job.
    /// - Throws: `QueueError.unknown`; `.invalid` for a dead letter.
    public func cancel(_ id: String) async throws(QueueError) -> Cancellation {
        try await call("cancel", [id]).array?.first?.string == "cancelling" ? .cancelling : .cancelled
    }

    /// Gives a dead letter a new life with all its attempts. When another job has taken its unique key meanwhile, the
    /// receipt is a duplicate and names that job.
    public func requeue(_ id: String) async throws(QueueError) -> Receipt {
        let words = try await call("requeue", [id]).strings ?? []
        guard words.count == 2 else { throw .refused("the answer to a requeue cannot be read") }
        return Receipt(id: words[1], isDuplicate: words[0] == "duplicate")
    }

    /// Stops claims of every worker; what runs goes on.
    public func pause() async throws(QueueError) { _ = try await call("pause") }

    public func resume() async throws(QueueError) { _ = try await call("resume") }

    /// Writes settings that everyone obeys: `lease` (ms), `weights`, `maxLength`, `maxEvents`, `record`.
    /// - Returns: what was different before.
    public func configure(_ settings: [String: String]) async throws(QueueError) -> [Change] {
        var arguments: [String] = []
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += [name, value] }
        let words = try await call("configure", arguments).strings ?? []
        return stride(from: 0, to: words.count - 2, by: 3).map {
            Change(name: words[$0], old: words[$0 + 1], new: words[$0 + 2])
        }
    }

    /// Counts a webhook that no route wanted.
    package func countUnrouted() async throws(QueueError) { _ = try await call("unrouted") }
}
