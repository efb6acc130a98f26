import NIOCore

/// One entry of `penstock:{queue}:events`: the end of a run, or the end of a job.
package struct Event: Sendable {
    package enum Kind: String, Sendable {
        // Ends of jobs.
        case completed, dead, cancelled
        // Ends of runs after which the job goes on.
        case retried, snoozed, released, recovered, unhandled
        // A person has dealt with a dead letter.
        case resolved

        /// The job's state after the event.
        package var state: JobState {
            switch self {
            case .completed: .completed
            case .dead, .resolved: .dead
            case .cancelled: .cancelled
            case .retried, .snoozed: .delayed
            case .released, .recovered: .waiting
            case .unhandled: .parked
            }
        }

        package var isTerminal: Bool {
            switch self {
            case .completed, .dead, .cancelled: true
            case .retried, .snoozed, .released, .recovered, .unhandled, .resolved: false
            }
        }
    }

    /// A Redis stream id; its milliseconds are the time of the event by the clock of Redis.
    package struct ID: Sendable, Hashable, Comparable {
        package var milliseconds: Int64
        package var sequence: Int64

        package init(milliseconds: Int64, sequence: Int64) {
            self.milliseconds = milliseconds
            self.sequence = sequence
        }

        package static func < (left: ID, right: ID) -> Bool {
            (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
        }
    }

    /// The run that ended; nil when a job ended that was not running (cancelled while it waited).
    package struct Run: Sendable {
        /// The stream: a priority's name or `returned`.
        package var level: String
        /// The stream's entry id; (queue, level, entry) names the run for ever.
        package var entry: String
        package var worker: String
        /// Milliseconds since 1970 by the clock of Redis; nil when the worker did not come back to tell.
        package var startedAt: Int64?
        package var milliseconds: Int64?

        package init(level: String, entry: String, worker: String, startedAt: Int64?, milliseconds: Int64?) {
            self.level = level
            self.entry = entry
            self.worker = worker
            self.startedAt = startedAt
            self.milliseconds = milliseconds
        }
    }

    package var id: ID
    package var kind: Kind
    package var jobID: String
    /// Nil when the job's header could not be read; then `raw` has its bytes.
    package var header: Header?
    package var run: Run?
    /// JSON text, of a completed job that left a result.
    package var result: ByteBuffer?
    /// What went wrong; of a resolved job what the person wrote.
    package var error: String?
    /// Only in events after which Redis no longer has the job, and of a job that died.
    package var payload: ByteBuffer?
    package var raw: ByteBuffer?

    package init(id: ID, kind: Kind, jobID: String) {
        self.id = id
        self.kind = kind
        self.jobID = jobID
    }
}
