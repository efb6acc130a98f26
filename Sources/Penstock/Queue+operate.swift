import Redis

extension Queue {
    /// What `cancel` did.
    public enum Cancellation: String, Sendable, Equatable {
        /// The job is over.
        case cancelled
        /// It runs; its worker hears of it at its next renewal.
        case cancelling
    }

    /// Ends a live job.
    /// - Throws: `QueueError.unknown`; `.invalid` for a dead letter.
    public func cancel(_ id: String) async throws(QueueError) -> Cancellation {
        let word = try await call("cancel", [id]).array?.first?.string
        guard let answer = word.flatMap(Cancellation.init) else { throw .garbled("cancel") }
        return answer
    }

    /// Gives a waiting, delayed or parked job another level or another time.
    /// - Parameter delay: from now; zero makes it ready at once, nil leaves the time as it is. Milliseconds matter.
    /// - Throws: `QueueError.unknown`; `.invalid` for a running or dead job.
    public func move(_ id: String, priority: Priority? = nil, delay: Duration? = nil) async throws(QueueError) {
        var words = [id]
        if let priority { words += ["priority", priority.name] }
        if let delay { words += ["delay", String(max(0, delay.milliseconds))] }
        _ = try await call("move", words)
    }

    /// Ends all jobs that wait, are delayed or parked, or those of one state or type. Dead letters only if `state` says so;
    /// running jobs never. What comes in meanwhile may escape.
    /// - Returns: how many.
    /// - Throws: `QueueError.invalid` for a state that cannot be purged.
    public func purge(state: JobState? = nil, type: String? = nil) async throws(QueueError) -> Int {
        var options: [String] = []
        if let state { options += ["state", state.rawValue] }
        if let type { options += ["type", type] }
        var cursor = "0"
        var purged = 0
        repeat {
            let words = try await call("purge", [cursor] + options).strings ?? []
            guard words.count == 2, let count = Int(words[1]) else { throw .garbled("purge") }
            cursor = words[0]
            purged += count
        } while cursor != "0"
        return purged
    }

    /// Counts a webhook that no route wanted.
    package func countUnrouted() async throws(QueueError) { _ = try await call("unrouted") }
}

extension QueueError {
    /// An answer of another form than the function library gives.
    static func garbled(_ function: String) -> QueueError {
        .refused("the answer of penstock_\(function) cannot be read; see that all processes have the same version")
    }
}
