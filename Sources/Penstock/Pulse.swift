import NIOCore
import Synchronization

/// The last sign of life of a handler.
final class Pulse: Sendable {
    private let last = Mutex<NIODeadline?>(nil)

    func beat() { last.withLock { $0 = .now() } }

    /// Nil before the first one.
    var lastBeat: NIODeadline? { last.withLock { $0 } }
}

/// Why a run was stopped: its handler took longer than it may. Rules of a `RetryPolicy` can name it.
public struct TimedOut: Error, CustomStringConvertible {
    public let limit: Duration

    public var description: String { "timed out after \(limit)" }
}

/// Why a run was stopped: its handler gave no sign of life for longer than its type allows.
public struct HeartbeatMissed: Error, CustomStringConvertible {
    public let limit: Duration

    public var description: String { "gave no heartbeat for \(limit)" }
}
