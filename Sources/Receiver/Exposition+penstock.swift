import Foundation
import Penstock

extension Exposition {
    /// What each total of a queue counts. Kept by Redis for all processes, so a sum over processes would be wrong:
    /// scrape one, or take the maximum.
    private static let totals: [(name: String, help: String)] = [
        ("accepted", "Jobs taken."),
        ("duplicate", "Enqueues that named an earlier job and made none."),
        ("completed", "Jobs that ended well."),
        ("failed", "Runs that failed."),
        ("retried", "Runs that failed and will be tried again."),
        ("dead", "Jobs that became dead letters."),
        ("lost", "Runs whose worker had lost its lease when it wanted to finish."),
        ("recovered", "Runs taken back from workers that did not come back."),
        ("cancelled", "Jobs cancelled."),
        ("unrouted", "Webhooks that no route wanted."),
    ]

    mutating func add(_ backlog: Backlog) {
        let queue = [(name: "queue", value: backlog.queue)]
        for level in backlog.levels {
            let labels = queue + [("level", level.name)]
            add("penstock_waiting", .gauge, "Jobs that wait, ready to be claimed.", labels, level.waiting)
            add("penstock_running", .gauge, "Jobs that run.", labels, level.running)
            let age = level.oldest.map { max(0, backlog.now.timeIntervalSince($0)) } ?? 0
            add(
                "penstock_oldest_waiting_seconds", .gauge, "Age of the oldest job that waits; 0 when none does.",
                labels, age)
        }
        add("penstock_delayed", .gauge, "Jobs that wait for a time.", queue, backlog.delayed)
        add("penstock_parked", .gauge, "Jobs that wait for a worker that runs their type.", queue, backlog.parked)
        add("penstock_dead", .gauge, "Dead letters that are there.", queue, backlog.dead)
        add("penstock_events", .gauge, "Events that wait to be recorded in Postgres.", queue, backlog.events)
        add(
            "penstock_events_max", .gauge, "The bound of the events; at it no job is claimed.", queue, backlog.maxEvents
        )
        add("penstock_paused", .gauge, "Whether the queue is paused.", queue, backlog.isPaused ? 1 : 0)
        for total in Self.totals {
            add("penstock_\(total.name)_total", .counter, total.help, queue, backlog.totals[total.name] ?? 0)
        }
    }

    mutating func add(_ counts: Tally.Counts) {
        for (answered, count) in counts.answers.sorted(by: { $0.key < $1.key }) {
            add(
                "penstock_http_answers_total", .counter, "Answers of this process, by door and status.",
                [("door", answered.door), ("status", String(answered.status))], count)
        }
        add(
            "penstock_unrouted_here_total", .counter,
            "Webhooks without a route that this process could not count in Redis.", [], counts.unrouted)
    }
}
