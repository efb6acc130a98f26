import Penstock
import Receiver

extension HistogramSnapshot {
    /// How long the jobs of a worker ran, and how long they had waited.
    static func all(_ worker: Worker) -> [HistogramSnapshot] {
        let timings = worker.timings()
        return timings.runs.map { HistogramSnapshot($0, "penstock_run_seconds", "How long runs of this process took.") }
            + timings.waits.map {
                HistogramSnapshot(
                    $0, "penstock_wait_seconds", "How long jobs had been ready when this process ran them.")
            }
    }

    private init(_ timing: Timing, _ name: String, _ help: String) {
        var total: UInt64 = 0
        let buckets = zip(Timing.bounds, timing.counts).map { bound, count in
            total += count
            return (le: bound, count: total)
        }
        self.init(
            name: name, help: help, labels: [("queue", timing.queue), ("type", timing.type)], buckets: buckets,
            sum: timing.sum, count: timing.counts.reduce(0, +))
    }
}
