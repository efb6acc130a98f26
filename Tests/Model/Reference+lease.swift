extension Reference {
    /// What a renewal answers for each run named; what it does not name and has been silent goes back.
    mutating func renew(
        _ consumer: String, named: [KnownRun], types: [String], isFinal: Bool
    ) -> (answers: [String], released: Int, admitted: Int) {
        var answers: [String] = []
        var renewed: Set<String> = []
        for known in named {
            guard let job = jobs[known.id], let run = job.run, run.consumer == consumer, run.isSame(as: known),
                !job.isSpoiled
            else {
                answers.append("LOST")
                continue
            }
            setSilent(known.id, false)
            renewed.insert(known.id)
            answers.append(job.isCancelled ? "CANCEL" : "OK")
        }
        var released = 0
        for job in sorted {
            guard let run = job.run, run.consumer == consumer, run.isSilent || isFinal else { continue }
            give(run)
            released += 1
            if job.isSpoiled { buryUnreadable(job.id, run) } else { giveBack(job.id, "released", run) }
        }
        return (answers, released, admit(types))
    }

    mutating func setSilent(_ id: String, _ isSilent: Bool) {
        guard var run = jobs[id]?.run else { return }
        run.isSilent = isSilent
        jobs[id]?.place = .running(run)
    }

    /// Recovered, dead, `done` or `hold`: after an absence living workers renew first.
    mutating func recover() -> [String] {
        let half = setting("lease") / 2
        if recoveredAt.map({ now - $0 > half }) ?? true { recoverAfter = now + half }
        recoverAfter = min(recoverAfter, now + half)
        recoveredAt = now
        if now < recoverAfter { return ["0", "0", "hold"] }
        var (recovered, dead) = (0, 0)
        for job in sorted {
            guard let run = job.run, run.isSilent else { continue }
            give(run)
            if job.isSpoiled {
                buryUnreadable(job.id, run)
                dead += 1
                continue
            }
            jobs[job.id]?.crashes += 1
            if job.crashes + 1 >= 3, !job.isCancelled {
                bury(job.id, "its worker did not come back, 3 times", run)
                dead += 1
            } else {
                jobs[job.id]?.errors = min(10, job.errors + 1)
                giveBack(job.id, "recovered", run)
                recovered += 1
            }
        }
        add("recovered", recovered)
        return ["\(recovered)", "\(dead)", "done"]
    }

    /// Promoted, keys freed.
    mutating func sweep() -> (promoted: Int, freed: Int) {
        let promoted = promote()
        var freed = 0
        for (key, expiry) in expiries where expiry <= now {
            expiries[key] = nil
            guard let held = unique[key] else {
                freed += 1
                continue
            }
            if held.isDone || jobs[held.id] == nil {
                unique[key] = nil
                freed += 1
            } else {
                expiries[key] = now + Self.oneDay
            }
        }
        // Rates that no longer count, by this clock; after another server has taken over they may count again, and are forgotten.
        rates = rates.filter { $0.value > now * 1000 }
        let retention = setting("retention")
        if retention > 0 {
            for job in sorted {
                guard case .dead(let died) = job.place, died <= now - retention else { continue }
                remove(job.id)
                add("expired")
            }
        }
        return (promoted, freed)
    }
}
