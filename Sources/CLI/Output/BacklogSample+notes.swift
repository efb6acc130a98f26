import Penstock

extension BacklogSample {
    /// What a person should know of the queue, each with its remedy where there is one; what stops all claims comes last.
    var notes: [String] {
        (Self.mode(backlog) + Self.stops(backlog) + Self.room(backlog) + switches + events).map(named)
    }

    /// Why a queue that drains may never be empty, without what changes from moment to moment.
    var hindrances: [String] {
        let types = backlog.parkedTypes.keys.sorted().map {
            "no worker runs type \($0), and jobs of it wait; start one"
        }
        let moves = backlog.stopped.keys.sorted().filter { $0.hasPrefix("moving:") }.map {
            "jobs are on the way to queue \($0.dropFirst("moving:".count)); repeat the move"
        }
        let bound = "\(backlog.maxEvents) events wait for Postgres: no job is claimed until a sink records them"
        let delayed = "jobs are delayed, and run when they are due; penstock move ID --delay 0s runs one now"
        let paused = "paused, so nothing of it ends; penstock resume \(backlog.queue) resumes it, then drain it again"
        return
            ((backlog.delayed > 0 ? [delayed] : []) + types + moves + pausedTypes + (backlog.isPaused ? [paused] : [])
            + (isAtBound ? [bound] : [])).map(named)
    }

    private func named(_ note: String) -> String { "\(backlog.queue): \(note)" }

    /// How the queue chooses, where it is not as usual.
    private static func mode(_ backlog: Backlog) -> [String] {
        let words = [backlog.isStrict ? "strict levels" : nil, backlog.isFair ? "fair keys" : nil].compactMap { $0 }
        return words.isEmpty ? [] : [words.joined(separator: ", ")]
    }

    /// Jobs that cannot be claimed, by what stops them.
    private static func stops(_ backlog: Backlog) -> [String] {
        let types = backlog.parkedTypes.sorted { $0.key < $1.key }.map { type, count in
            "\(count) parked: no worker runs type \(type)"
        }
        let limits = backlog.stopped.sorted { $0.key < $1.key }.map { name, count in
            name.hasPrefix("moving:")
                ? "\(count) parked on the way to queue \(name.dropFirst("moving:".count)); repeat the move"
                : "\(count) parked: stopped by \(name)"
        }
        return types + limits
    }

    /// Slots taken and what the queue's bounds leave.
    private static func room(_ backlog: Backlog) -> [String] {
        var lines = backlog.slots.sorted { $0.key < $1.key }.filter { $0.value > 0 }.prefix(10).map { name, taken in
            "\(taken) of \(backlog.limit(of: name)) slots of \(name) are taken"
        }
        if backlog.slots.count > 10 { lines.append("… and slots of \(backlog.slots.count - 10) limits more") }
        let bounds = [
            backlog.maxLength > 0 ? "\(backlog.live) of \(backlog.maxLength) jobs" : nil,
            backlog.maxBytes > 0
                ? "\(BytesText.rounded(backlog.bytes)) of \(BytesText.rounded(backlog.maxBytes)) payload" : nil,
        ].compactMap { $0 }
        guard !bounds.isEmpty else { return lines }
        let refused = backlog.refuse == .critical ? "every job" : "\(backlog.refuse.name) and below"
        return lines + ["\(bounds.joined(separator: ", ")); when full it refuses \(refused)"]
    }

    private var pausedTypes: [String] {
        backlog.limits.keys.filter { $0.hasPrefix("paused:type:") }.sorted().map { name in
            let type = String(name.dropFirst("paused:type:".count))
            return "type \(type) is paused; penstock resume \(backlog.queue) --type \(type.shellWord) resumes it"
        }
    }

    private var switches: [String] {
        let draining = "draining: no new jobs are taken; penstock resume \(backlog.queue) takes them again"
        let paused = "paused; penstock resume \(backlog.queue) resumes it"
        return pausedTypes + (backlog.isDraining ? [draining] : []) + (backlog.isPaused ? [paused] : [])
    }

    private var events: [String] {
        if isAtBound {
            return [
                "\(backlog.events) events wait for Postgres, which is the bound: no job is claimed until a sink records them"
            ]
        }
        guard backlog.isRecording, backlog.events > 0 else { return [] }
        return ["\(backlog.events) events wait for Postgres"]
    }

    /// Totals since the queue exists, those that are not 0, in the order of a job's life.
    var totals: String {
        let order = [
            "accepted", "duplicate", "replaced", "completed", "skipped", "failed", "retried", "snoozed", "recovered",
            "lost", "expired", "dead", "requeued", "resolved", "cancelled", "unrouted",
        ]
        let counts = order.compactMap { name in
            backlog.totals[name].flatMap { $0 > 0 ? "\($0) \(name)" : nil }
        }
        return counts.isEmpty ? "nothing has happened in it" : counts.joined(separator: ", ")
    }
}

extension Backlog {
    /// The limit whose slots have this name: a key without one of its own has that of every key.
    fileprivate func limit(of name: String) -> String {
        if name.hasPrefix("singleton:") { return "1" }
        if let own = limits[name] { return own }
        return name.hasPrefix("concurrency:key:") ? limits["concurrency:key"] ?? "any" : "any"
    }
}

extension String {
    /// As it can be typed behind an option in a shell.
    var shellWord: String {
        let isPlain =
            !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "._/-:".utf8.contains(byte)
                }
            }
        return isPlain
            ? self : "'\(split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
