import Foundation

/// The counts of one queue at one moment.
public struct Backlog: Sendable, Equatable {
    /// One of the streams of a queue: the four priorities, and `returned` (runs given back by recovery and release).
    public struct Level: Sendable, Equatable {
        public let name: String
        public let waiting: Int
        public let running: Int
        /// When the oldest waiting job became ready; nil when none waits.
        public let oldest: Date?

        package init(name: String, waiting: Int, running: Int, oldest: Date?) {
            self.name = name
            self.waiting = waiting
            self.running = running
            self.oldest = oldest
        }
    }

    public let queue: String
    public let levels: [Level]
    public let delayed: Int
    public let parked: Int
    public let dead: Int
    /// Jobs parked because no worker runs their type, by type (the first twenty types).
    public let parkedTypes: [String: Int]
    /// Events that wait for Postgres.
    public let events: Int
    public let maxEvents: Int
    /// Whether events are kept until a sink has recorded them.
    public let isRecording: Bool
    public let isPaused: Bool
    /// Since the queue exists: accepted, duplicate, completed, failed, retried, dead, lost, cancelled, unrouted.
    public let totals: [String: Int]
    /// By the clock of Redis.
    public let now: Date

    public var waiting: Int { levels.reduce(0) { $0 + $1.waiting } }
    public var running: Int { levels.reduce(0) { $0 + $1.running } }
    public var oldest: Date? { levels.compactMap(\.oldest).min() }

    package init(
        queue: String, levels: [Level], delayed: Int, parked: Int, dead: Int, parkedTypes: [String: Int], events: Int,
        maxEvents: Int, isRecording: Bool, isPaused: Bool, totals: [String: Int], now: Date
    ) {
        self.queue = queue
        self.levels = levels
        self.delayed = delayed
        self.parked = parked
        self.dead = dead
        self.parkedTypes = parkedTypes
        self.events = events
        self.maxEvents = maxEvents
        self.isRecording = isRecording
        self.isPaused = isPaused
        self.totals = totals
        self.now = now
    }
}
