import NIOCore

/// A histogram of durations, in the shape that Prometheus scrapes.
public struct Timing: Sendable, Equatable {
    /// Upper bounds of the buckets, in seconds; one more counts what is longer.
    public static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
    ]

    public let queue: String
    public let type: String
    /// How many fell into each bucket, not cumulative.
    public internal(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// Seconds.
    public internal(set) var sum = 0.0

    init(queue: String, type: String) {
        self.queue = queue
        self.type = type
    }

    mutating func add(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}

/// How long the jobs of a process ran, and how long they had waited.
public struct Timings: Sendable {
    /// One for each queue and type.
    public internal(set) var runs: [Timing] = []
    public internal(set) var waits: [Timing] = []

    mutating func add(_ outcome: Outcome) {
        let index = runs.firstIndex { $0.type == outcome.run.job.type && $0.queue == outcome.run.job.queue }
        let at = index ?? runs.count
        if index == nil {
            runs.append(Timing(queue: outcome.run.job.queue, type: outcome.run.job.type))
            waits.append(Timing(queue: outcome.run.job.queue, type: outcome.run.job.type))
        }
        runs[at].add(outcome.ran)
        waits[at].add(outcome.waited)
    }
}
