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
    /// Whether new jobs are refused until somebody resumes the queue.
    public let isDraining: Bool
    /// Whether no lower level is served while a higher one waits.
    public let isStrict: Bool
    /// Whether the keys of a level take turns.
    public let isFair: Bool
    /// Jobs that are not dead at which the queue is full; 0 is no limit.
    public let maxLength: Int
    /// Bytes of payload of jobs that are not dead, and those at which the queue is full; 0 is no limit.
    public let bytes: Int
    public let maxBytes: Int
    /// A full queue refuses jobs of this level and below.
    public let refuse: Priority
    /// Jobs that a limit stops, by the names of their limits (the first twenty, with `parkedTypes`).
    public let stopped: [String: Int]
    /// Slots that runs hold, by the name of the limit (about twenty).
    public let slots: [String: Int]
    /// Limits and paused types, by name, as `configure` takes them.
    public let limits: [String: String]
    /// Since the queue exists: accepted, duplicate, replaced, completed, skipped, failed, retried, snoozed, dead, requeued,
    /// resolved, expired, lost, recovered, cancelled, unrouted.
    public let totals: [String: Int]
    /// By the clock of Redis.
    public let now: Date

    public var waiting: Int { levels.reduce(0) { $0 + $1.waiting } }
    public var running: Int { levels.reduce(0) { $0 + $1.running } }
    public var oldest: Date? { levels.compactMap(\.oldest).min() }

    package init(
        queue: String, levels: [Level], delayed: Int, parked: Int, dead: Int, parkedTypes: [String: Int], events: Int,
        maxEvents: Int, isRecording: Bool, isPaused: Bool, isDraining: Bool = false, isStrict: Bool = false,
        isFair: Bool = false, maxLength: Int = 0, bytes: Int = 0, maxBytes: Int = 0, refuse: Priority = .critical,
        stopped: [String: Int] = [:], slots: [String: Int] = [:], limits: [String: String] = [:],
        totals: [String: Int], now: Date
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
        self.isDraining = isDraining
        self.isStrict = isStrict
        self.isFair = isFair
        self.maxLength = maxLength
        self.bytes = bytes
        self.maxBytes = maxBytes
        self.refuse = refuse
        self.stopped = stopped
        self.slots = slots
        self.limits = limits
        self.totals = totals
        self.now = now
    }
}
