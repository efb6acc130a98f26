extension Reference {
    /// The error code of a verb for one job that cannot be done, nil if it can.
    private mutating func refusal(_ id: String) -> String? {
        guard let job = jobs[id] else { return "UNKNOWN" }
        guard job.isSpoiled else { return nil }
        // No claim ever meets a dead letter, so it goes now.
        if job.isDead {
            remove(id)
            emit("dead", id)
        }
        return "INVALID"
    }

    /// The reply of a verb: a word and the id, or an error's code.
    mutating func cancelByHand(_ id: String) -> String {
        if let refusal = refusal(id) { return refusal }
        if jobs[id]?.isDead == true { return "INVALID" }
        return "\(cancel(id)) \(id)"
    }

    mutating func move(_ id: String, level: String?, delay: Int?) -> String {
        if let refusal = refusal(id) { return refusal }
        guard let job = jobs[id], job.run == nil, !job.isDead else { return "INVALID" }
        let before = max(now, job.due ?? now)
        let due = delay.map { now + $0 } ?? before
        withdraw(id)
        if let deadline = job.deadline { jobs[id]?.deadline = deadline + due - before }
        if let level { jobs[id]?.level = Job.levels.firstIndex(of: level) ?? 2 }
        if due > now {
            jobs[id]?.place = .delayed(due)
            jobs[id]?.due = due
        } else {
            ready(id)
        }
        return "moved \(id)"
    }

    mutating func requeue(_ id: String, delay: Int?) -> String {
        if let refusal = refusal(id) { return refusal }
        guard var job = jobs[id], job.isDead else { return "INVALID" }
        if let key = job.unique {
            if let first = holder(key) { return "duplicate \(first)" }
            hold(key, id, ttl: job.ttl)
        }
        (job.attempt, job.crashes, job.snoozes, job.deadline, job.latest) = (0, 0, 0, nil, nil)
        jobs[id] = job
        if let delay, delay > 0 {
            jobs[id]?.place = .delayed(now + delay)
            jobs[id]?.due = now + delay
        } else {
            ready(id)
        }
        bytes += job.payload.utf8.count
        add("requeued")
        return "queued \(id)"
    }

    mutating func resolve(_ id: String) -> String {
        if let refusal = refusal(id) { return refusal }
        guard jobs[id]?.isDead == true else { return "INVALID" }
        remove(id)
        add("resolved")
        emit("resolved", id)
        return "resolved \(id)"
    }

    /// The words that another queue's enqueue needs; an error's code alone.
    mutating func depart(_ id: String, to target: String) -> [String] {
        if let refusal = refusal(id) { return [refusal] }
        guard let job = jobs[id], job.run == nil, !job.isDead else { return ["INVALID"] }
        var words = [job.type, job.payload, "id", id]
        func add(_ name: String, _ value: String?) { if let value { words += [name, value] } }
        let left = job.due.map { $0 - now } ?? 0
        add("delay", left > 0 ? "\(left)" : nil)
        add("priority", job.level == 2 ? nil : Job.levels[job.level])
        add("key", job.key)
        add("unique", job.unique)
        add("ttl", job.ttl.map { "\($0)" })
        add("attempts", job.attempts)
        add("origin", "q:\(job.enqueuedAt)")
        if job.isSingleton { add("singleton", "skip") } else { add("scope", job.scope) }
        if let deadline = job.deadline {
            add("deadline", "\(max(1, deadline - now - max(0, left)))")
            add("late", job.isDropped ? "drop" : nil)
        }
        withdraw(id)
        jobs[id]?.place = .moving(target)
        return words
    }

    mutating func departed(_ id: String, to target: String) -> String {
        if let refusal = refusal(id) { return refusal }
        guard jobs[id]?.place == .moving(target) else { return "INVALID" }
        cancelNow(id)
        return "moved \(id)"
    }

    mutating func purge(state: String?, type: String?) -> Int {
        var purged = 0
        for job in sorted where !job.isSpoiled && job.run == nil && (type == nil || job.type == type) {
            if job.isDead {
                guard state == "dead" else { continue }
                remove(job.id)
            } else {
                guard state == nil || state == word(job) else { continue }
                cancel(job.id)
            }
            purged += 1
        }
        return purged
    }

    /// A job's state, by the name that it has everywhere.
    func word(_ job: Job) -> String {
        switch job.place {
        case .waiting(let spot): spot.lane == nil || spot.lane == "fair" ? "waiting" : "parked"
        case .delayed: "delayed"
        case .held, .moving: "parked"
        case .running: "running"
        case .dead: "dead"
        }
    }

    /// Nil if the settings are refused; then nothing changes.
    mutating func configure(_ changes: [Operation.Setting]) -> Bool {
        var after = settings
        for change in changes {
            let isLimit =
                change.name.hasPrefix("concurrency") || change.name.hasPrefix("rate")
                || change.name.hasPrefix("retries")
            after[change.name] = change.value.isEmpty || change.value == "0" && isLimit ? nil : change.value
        }
        let new = Limits(after)
        if new.most > 2 { return false }
        let wasFair = isFair
        settings = after
        if isFair != wasFair { mixed = Set(jobs.values.compactMap { $0.spot?.lane }) }
        apply(new)
        return true
    }

    /// Runs that started before a limit was set count under it too.
    mutating func apply(_ new: Limits) {
        if new.lines == limits.lines { return }
        limits = new
        for (id, job) in jobs where isFair && job.spot?.lane != nil { jobs[id]?.isRegrouped = true }
        for job in sorted where !job.isSpoiled {
            guard var run = job.run else { continue }
            for named in limits.of(job) {
                if case .runs = named.limit, !run.slots.contains(named.name) {
                    run.slots.insert(named.name)
                    slots[named.name, default: 0] += 1
                }
            }
            jobs[job.id]?.place = .running(run)
        }
    }

    mutating func setPaused(_ isPaused: Bool, type: String?) {
        guard let type else {
            self.isPaused = isPaused
            if !isPaused { isDraining = false }
            return
        }
        settings["paused:type:\(type)"] = isPaused ? "yes" : nil
        apply(Limits(settings))
    }
}
