import Foundation
import NIOCore
import Redis

extension Queue {
    /// A live or dead job; nil when Redis has none with this id.
    public func job(_ id: String) async throws(QueueError) -> JobRecord? {
        let reply: Reply
        do {
            reply = try await call("job", [id])
        } catch .unknown {
            return nil
        }
        let facts = reply.pairs
        guard let state = facts["state"]?.string.flatMap(JobState.init),
            let header = facts["header"]?.bytes.flatMap(Header.init)
        else {
            throw .refused("job \(id) cannot be read; its next claim buries it, and its bytes are kept in the event")
        }
        var record = JobRecord(queue: name, id: id, type: header.type, state: state, priority: header.priority)
        record.key = header.key
        record.attempts = header.attempt
        record.source = header.source
        record.origin = header.origin
        record.error = header.lastError
        record.enqueuedAt = Date(milliseconds: header.enqueuedAt)
        record.dueAt = facts["due"]?.integer.map(Date.init(milliseconds:))
        record.finishedAt = facts["died"]?.integer.map(Date.init(milliseconds:))
        record.worker = facts["worker"]?.string
        record.startedAt = facts["started"]?.integer.map(Date.init(milliseconds:))
        record.unique = header.unique
        record.crashes = header.crashes
        record.snoozes = header.snoozes
        record.isCancelling = header.isCancelling
        record.failures = (facts["history"]?.string ?? "").split(separator: "\n").compactMap(JobRecord.Failure.init)
        record.payload = facts["payload"]?.bytes
        return record
    }

    /// `name=value` a line; a name may have the character in it.
    private static func limits(_ text: String) -> [String: String] {
        var limits: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.lastIndex(of: "=") else { continue }
            limits[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return limits
    }

    /// The counts of this moment.
    public func backlog() async throws(QueueError) -> Backlog {
        let facts = try await call("backlog").pairs
        // Somebody's hand may have been in the counters: a sum of them must not overflow.
        func number(_ name: String) -> Int { min(max(0, facts[name]?.integer ?? 0), 100_000_000_000_000) }
        func named(_ prefix: String) -> [String: Int] {
            var found: [String: Int] = [:]
            for (name, value) in facts where name.hasPrefix(prefix) {
                found[String(name.dropFirst(prefix.count))] = value.integer
            }
            return found
        }
        let levels = (Priority.allCases.map(\.name) + ["returned"]).map { level in
            Backlog.Level(
                name: level, waiting: number("waiting:\(level)"), running: number("running:\(level)"),
                oldest: facts["oldest:\(level)"]?.integer.map(Date.init(milliseconds:)))
        }
        return Backlog(
            queue: name, levels: levels, delayed: number("delayed"), parked: number("parked"), dead: number("dead"),
            parkedTypes: named("parked:"), events: number("events"), maxEvents: number("maxEvents"),
            isRecording: facts["record"]?.string == "yes", isPaused: facts["paused"]?.string == "yes",
            isDraining: facts["draining"]?.string == "yes", isStrict: facts["policy"]?.string == "strict",
            isFair: facts["fair"]?.string == "yes", maxLength: number("maxLength"), bytes: number("bytes"),
            maxBytes: number("maxBytes"),
            refuse: facts["refuse"]?.string.flatMap { Priority(name: $0) } ?? .critical,
            stopped: named("stopped:"), slots: named("slots:"), limits: Self.limits(facts["limits"]?.string ?? ""),
            totals: named("total:"), now: Date(milliseconds: number("now")))
    }
}

extension Reply {
    /// A flat array of names and values.
    var pairs: [String: Reply] {
        guard let array else { return [:] }
        var pairs: [String: Reply] = [:]
        for index in stride(from: 0, to: array.count - 1, by: 2) {
            if let name = array[index].string { pairs[name] = array[index + 1] }
        }
        return pairs
    }
}

extension Date {
    package init(milliseconds: Int) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}
