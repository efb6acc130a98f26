/// Where a job is in its life; the same words stand in Lua, SQL, the CLI and the API.
public enum JobState: String, Sendable, Codable, CaseIterable {
    /// In a stream, ready to be claimed.
    case waiting
    /// Waits for a time: a delay, or the pause before a retry.
    case delayed
    /// Waits for something other than time: room under a limit, a worker that runs its type, its move to another queue.
    case parked
    /// Claimed by a worker whose lease is alive.
    case running
    /// Ended well. Terminal.
    case completed
    /// A dead letter: it failed for good and can be requeued.
    case dead
    /// Ended by an operator. Terminal.
    case cancelled

    /// Whether nothing more happens to it by itself.
    public var isEnd: Bool { self == .completed || self == .dead || self == .cancelled }
}
