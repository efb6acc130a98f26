extension Reference {
    /// What a draft must be answered, and does: a word and an id, the latter empty for a new id of the queue's.
    mutating func enqueue(_ draft: Draft, answered id: String) -> (word: String, id: String) {
        if let wrong = conflict(draft) { return wrong }
        if isFull(draft) { return ("FULL", "") }
        let delay = draft["delay"].flatMap { Int($0) } ?? 0
        var due = now + delay
        var job = Job(id: draft.isNamed ? draft.symbol : id, type: draft.type, payload: draft.body, enqueuedAt: now)
        job.level = draft["priority"].flatMap { Job.levels.firstIndex(of: $0) } ?? 2
        job.key = draft["key"]
        job.unique = draft["unique"]
        job.attempts = draft["attempts"]
        job.isSingleton = draft["singleton"] != nil
        job.scope = scope(of: draft)
        let ttl = draft["ttl"].flatMap { Int($0) }
        job.ttl = ttl == Self.oneDay ? nil : ttl
        if let most = draft["max-wait"].flatMap({ Int($0) }) {
            job.latest = now + most
            due = min(due, now + most)
        }
        if let deadline = draft["deadline"].flatMap({ Int($0) }) { job.deadline = due + deadline }
        job.isDropped = draft["late"] == "drop"
        jobs[job.id] = job
        if let key = job.unique { hold(key, job.id, ttl: ttl) }
        if due > now {
            jobs[job.id]?.place = .delayed(due)
            jobs[job.id]?.due = due
        } else {
            ready(job.id)
        }
        add("accepted")
        bytes += job.payload.utf8.count
        return ("queued", draft.isNamed ? draft.symbol : "")
    }

    private func scope(of draft: Draft) -> String? {
        if draft["singleton"] != nil { return "until-finished" }
        let scope = draft["scope"] ?? (draft["conflict"] == "replace" ? "until-started" : nil)
        return scope == "window" ? nil : scope
    }

    /// What a job that holds the id or the key makes of a new one, if anything.
    private mutating func conflict(_ draft: Draft) -> (String, String)? {
        if draft.isNamed, jobs[draft.symbol] != nil {
            add("duplicate")
            return ("duplicate", draft.symbol)
        }
        guard let key = draft["unique"], let first = holder(key) else { return nil }
        let conflict = draft["singleton"] ?? draft["conflict"] ?? "skip"
        // A job that is done may have another life under its id, which does not hold the key.
        let isLive = unique[key]?.isDone == false
        if conflict == "replace", isLive, let answer = replace(first, draft) { return answer }
        if conflict == "cancel", isLive {
            if isFull(draft) { return ("FULL", "") }
            cancel(first)
            return nil
        }
        add("duplicate")
        return ("duplicate", first)
    }

    /// The job that waits takes the newest payload, and before its first run the newest delay.
    private mutating func replace(_ id: String, _ draft: Draft) -> (String, String)? {
        guard var job = jobs[id], !job.isSpoiled, job.run == nil, !job.isDead else { return nil }
        // Its words are on their way to another queue.
        if case .moving = job.place { return nil }
        if job.type != draft.type { return ("INVALID", "") }
        let more = draft.body.utf8.count - job.payload.utf8.count
        if isTooHeavy(draft, more) { return ("FULL", "") }
        bytes += more
        job.payload = draft.body
        if case .delayed(let before) = job.place, let delay = draft["delay"].flatMap({ Int($0) }), job.attempt == 0,
            job.snoozes == 0
        {
            if job.latest == nil, let most = draft["max-wait"].flatMap({ Int($0) }) {
                job.latest = job.enqueuedAt + most
            }
            let due = max(now, min(now + delay, job.latest ?? .max))
            if let deadline = job.deadline { job.deadline = deadline + due - before }
            job.due = due
            job.place = .delayed(due)
        }
        jobs[id] = job
        add("replaced")
        return ("replaced", id)
    }

    private func isFull(_ draft: Draft) -> Bool {
        if isDraining { return true }
        let length = setting("maxLength")
        if length > 0, isRefused(draft), jobs.values.count(where: { !$0.isDead }) >= length { return true }
        return isTooHeavy(draft, draft.body.utf8.count)
    }

    private func isTooHeavy(_ draft: Draft, _ more: Int) -> Bool {
        let size = setting("maxBytes")
        return size > 0 && more > 0 && isRefused(draft) && bytes + more > size
    }

    /// Whether a full queue refuses jobs of this level.
    private func isRefused(_ draft: Draft) -> Bool {
        let level = draft["priority"].flatMap { Job.levels.firstIndex(of: $0) } ?? 2
        return level >= Job.levels.firstIndex(of: settings["refuse"] ?? "critical") ?? 0
    }

    /// Ends a job, or asks its worker to.
    @discardableResult
    mutating func cancel(_ id: String) -> String {
        if jobs[id]?.run != nil {
            jobs[id]?.isCancelled = true
            return "cancelling"
        }
        withdraw(id)
        cancelNow(id)
        return "cancelled"
    }
}
