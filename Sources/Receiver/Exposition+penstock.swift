import Foundation
import Penstock

extension Exposition {
    /// What each total of a queue counts. Kept by Redis for all processes, so a sum over processes would be wrong:
    /// scrape one, or take the maximum.
    private static let totals: [(name: String, help: String)] = [
        ("accepted", "Jobs taken."),
        ("duplicate", "Enqueues that named an earlier job and made none."),
        ("replaced", "Enqueues that gave an earlier job a newer payload and made none."),
        ("completed", "Jobs that ended well."),
        ("skipped", "Jobs among the completed ones for which there was nothing to do."),
        ("failed", "Runs that failed."),
        ("retried", "Runs that failed and will be tried again."),
        ("snoozed", "Runs that asked for a later one; no attempt was charged."),
        ("dead", "Jobs that became dead letters."),
        ("requeued", "Dead letters that were given a new life."),
        ("resolved", "Dead letters that a person has dealt with."),
        ("expired", "Dead letters that were removed because their retention was over."),
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
        add(
            "penstock_parked", .gauge, "Jobs that wait for a slot of a limit, or for a worker that runs their type.",
            queue, backlog.parked)
        add("penstock_dead", .gauge, "Dead letters that are there.", queue, backlog.dead)
        add("penstock_events", .gauge, "Events that wait to be recorded in Postgres.", queue, backlog.events)
        add(
            "penstock_events_max", .gauge, "The bound of the events; at it no job is claimed.", queue, backlog.maxEvents
        )
        add("penstock_paused", .gauge, "Whether the queue is paused.", queue, backlog.isPaused ? 1 : 0)
        add(
            "penstock_draining", .gauge, "Whether the queue takes no new jobs until it is resumed.", queue,
            backlog.isDraining ? 1 : 0)
        add("penstock_payload_bytes", .gauge, "Payloads of jobs that are not dead.", queue, backlog.bytes)
        for (limit, count) in Self.byLimit(backlog.stopped) {
            add(
                "penstock_stopped", .gauge, "Parked jobs that a limit stops, of the first twenty limits.",
                queue + [("limit", limit)], count)
        }
        for (limit, count) in Self.byLimit(backlog.slots) {
            add(
                "penstock_slots", .gauge, "Slots of limits that runs hold, of about twenty limits.",
                queue + [("limit", limit)], count)
        }
        for total in Self.totals {
            add("penstock_\(total.name)_total", .counter, total.help, queue, backlog.totals[total.name] ?? 0)
        }
    }

    /// Limits of keys in one sum: each of a million keys would be a series of its own, for ever. Types in limits were chosen
    /// by an operator, keys by whoever enqueues.
    private static func byLimit(_ counts: [String: Int]) -> [(limit: String, count: Int)] {
        var sums: [String: Int] = [:]
        for (name, count) in counts { sums[kind(ofLimit: name), default: 0] += count }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Where two limits stop a job, that of its key is named first.
    private static func kind(ofLimit name: String) -> String {
        if name.hasPrefix("singleton:") { return "singleton" }
        let words = name.split(separator: ":", maxSplits: 2)
        return words.count > 2 && words[1] == "key" ? "\(words[0]):key" : name
    }

    /// Of the server, so that somebody hears of it before the memory mark is passed.
    mutating func add(_ memory: Store.Memory) {
        add("penstock_redis_memory_bytes", .gauge, "Memory that Redis uses.", [], memory.used)
        guard let limit = memory.limit else { return }
        add("penstock_redis_memory_max_bytes", .gauge, "Its maxmemory; not there where that is not set.", [], limit)
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
