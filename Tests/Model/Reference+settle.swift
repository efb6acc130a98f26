/// A run as its consumer knows it.
struct KnownRun: Equatable {
    let id: String
    let stream: String
    let entry: String

    var n: String { String(entry.split(separator: "-").last ?? "") }
    var words: [String] { [stream, entry, id, n] }
}

/// An end of a known run, as it is sent.
struct Settlement: Equatable {
    let run: KnownRun
    let verb: String
    let delay: Int

    /// What a run that failed says of itself.
    static let error = "it broke"

    var words: [String] {
        let rest: [String] =
            switch verb {
            case "completed", "skipped": ["fine"]
            case "retry": ["\(delay)", Self.error]
            case "snooze": ["\(delay)"]
            case "dead": [Self.error]
            default: []
            }
        return run.words + ["\(1)", "5", verb] + rest
    }
}

extension Reference {
    /// `OK` if the run still is what its consumer thinks, else `LOST`, and then nothing changes.
    mutating func settle(_ end: Settlement, isAgain: Bool) -> String {
        let id = end.run.id
        guard var job = jobs[id], let run = job.run, run.isSame(as: end.run) else {
            if !isAgain { add("lost") }
            return "LOST"
        }
        give(run)
        if job.isSpoiled {
            buryUnreadable(id, run)
            return "OK"
        }
        if ["retry", "dead"].contains(end.verb) { add("failed") }
        switch end.verb {
        case "completed", "skipped":
            if end.verb == "skipped" { add("skipped") }
            free(job, completed: true)
            remove(id)
            add("completed")
            emit("completed", id, run)
        case _ where job.isCancelled: cancelNow(id, run)
        case "retry":
            job.attempt += 1
            job.errors = min(10, job.errors + 1)
            job.lastError = Settlement.error
            delay(job, max(now + end.delay, budget(job.type)))
            add("retried")
            emit("retried", id, run)
        case "snooze":
            job.snoozes += 1
            delay(job, now + end.delay)
            add("snoozed")
            emit("snoozed", id, run)
        case "dead":
            jobs[id]?.attempt += 1
            bury(id, Settlement.error, run)
        case "release": giveBack(id, "released", run)
        case "unhandled":
            jobs[id]?.place = .held
            emit("unhandled", id, run)
        default: cancelNow(id, run)
        }
        return "OK"
    }

    private mutating func delay(_ job: Job, _ due: Int) {
        jobs[job.id] = job
        jobs[job.id]?.place = .delayed(due)
        jobs[job.id]?.due = due
    }

    /// When the budget of a type lets the next retry in; 0 where there is none.
    private mutating func budget(_ type: String) -> Int {
        guard let rate = limits.retries(of: type) else { return 0 }
        let name = "retries:type:\(type)"
        let start = max(now * 1000, rates[name] ?? 0)
        rates[name] = start + rate.interval
        // An arrival that is ahead of the burst waits until it is not.
        return (start - rate.ahead + 999) / 1000
    }
}
