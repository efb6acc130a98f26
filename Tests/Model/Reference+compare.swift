import Foundation

extension Reference {
    /// All that Redis holds must be what the model holds; then the model notes in which order jobs wait.
    mutating func compare(_ seen: Snapshot, mayMove: Bool) throws(Mismatch) {
        try compareFindings(seen)
        try expect(Set(seen.jobs.keys), is: Set(jobs.keys), "the jobs")
        try expect(Set(seen.dead.keys), is: Set(jobs.values.filter(\.isDead).map(\.id)), "the dead letters")
        var (runs, holds, delayed) = (0, 0, 0)
        for job in jobs.values {
            if !job.isSpoiled { try compare(job, seen) }
            switch job.place {
            case .delayed(let due):
                delayed += 1
                try expect(seen.delayed[job.id], is: "\(due)", "the due time of \(job.id)")
            case .held: try expect(seen.parked[job.id]?.lane, is: "type:\(job.type)", "the lane of \(job.id)")
            case .moving(let target):
                try expect(seen.parked[job.id]?.lane, is: "moving:\(target)", "the lane of \(job.id)")
            case .running(let run):
                runs += 1
                try expect(seen.pending[run.name]?.consumer, is: run.consumer, "who runs \(job.id)")
                let names = Set((seen.holds[run.name] ?? "").split(separator: "\n").map { plain($0) })
                holds += names.isEmpty ? 0 : 1
                try expect(names, is: run.slots, "the slots of \(job.id)")
            case .dead(let died): try expect(seen.dead[job.id], is: "\(died)", "the death of \(job.id)")
            case .waiting: break
            }
        }
        try expect(seen.delayed.count, is: delayed, "the delayed jobs")
        try expect(seen.pending.count, is: runs, "the runs")
        try expect(seen.holds.count, is: holds, "the runs that hold slots")
        try compareRest(seen)
        try note(seen, mayMove: mayMove)
        let isOwed = held == nil && !hasLapsed && !mayDrift && allowance(1) > 0 && !left.isEmpty
        try expect(!isOwed || seen.isRinging, "nobody rang for \(left.map(\.id)), which nothing stops")
    }

    private func compareFindings(_ seen: Snapshot) throws(Mismatch) {
        var found = seen.findings
        for job in jobs.values where job.isSpoiled { found.removeAll { $0.hasPrefix("unreadable \(job.id):") } }
        if mayDrift { found.removeAll { $0.hasPrefix("counter waiting:") } }
        try expect(found.isEmpty, "the check finds: \(found.joined(separator: "; "))")
    }

    private func compare(_ job: Job, _ seen: Snapshot) throws(Mismatch) {
        guard let stored = seen.jobs[job.id], var fields = stored.fields else {
            throw Mismatch("\(job.id) cannot be read")
        }
        let entry = fields.removeValue(forKey: "entry")
        let enqueuedAt = fields.removeValue(forKey: "enqueuedAt") ?? entry.map { String($0.prefix { $0 != "-" }) }
        try expect(enqueuedAt, is: "\(job.enqueuedAt)", "when \(job.id) was enqueued")
        let stream = fields.removeValue(forKey: "stream")
        let runAt = fields.removeValue(forKey: "runAt")
        if case .delayed(let due) = job.place { try expect(runAt, is: "\(due)", "the runAt of \(job.id)") }
        if let run = job.run {
            try expect(entry, is: run.entry, "the entry of \(job.id)")
            try expect(stream ?? Job.levels[job.level], is: run.stream, "the stream of \(job.id)")
        }
        for name in ["n", "parked", "place"] { fields[name] = nil }
        try expect(fields, is: job.fields, "the header of \(job.id)")
        let payload = stored.payload ?? seen.bodies[job.id]
        try expect(payload, is: job.payload, "the payload of \(job.id)")
        let errors = seen.history[job.id]?.utf8.count(where: { $0 == 10 }) ?? 0
        try expect(errors, is: job.errors, "the errors of \(job.id)")
    }

    private mutating func compareRest(_ seen: Snapshot) throws(Mismatch) {
        try expect(seen.bodies.keys.allSatisfy { jobs[$0] != nil }, "a payload stayed behind: \(seen.bodies.keys)")
        let taken = Dictionary(uniqueKeysWithValues: seen.slots.map { (plain($0.key[...]), Int($0.value) ?? -1) })
        try expect(taken, is: slots, "the slots")
        let coming = Dictionary(uniqueKeysWithValues: seen.rates.map { ($0.key, Int($0.value) ?? -1) })
        // Who begins to wait for a rate that stands too far ahead puts it right, to the ms.
        for (name, seen) in coming {
            guard case .rate(let rate) = limits[name], let known = rates[name], known > seen else { continue }
            let top = rate.top(now: now)
            if seen >= top, seen < top + 1000 { rates[name] = seen }
        }
        try expect(coming.filter { $0.value > now * 1000 }, is: rates.filter { $0.value > now * 1000 }, "the rates")
        let holders = seen.unique.mapValues { value in
            let words = value.split(separator: " ", maxSplits: 2)
            return Holder(expiry: Int(words[0]) ?? -1, isDone: words[1] == "done", id: String(words[2]))
        }
        try expect(holders, is: unique, "the unique keys")
        for name in [
            "accepted", "duplicate", "replaced", "completed", "skipped", "failed", "retried", "snoozed", "dead",
            "requeued", "resolved", "expired", "lost", "recovered", "cancelled",
        ] {
            try expect(Int(seen.stats[name] ?? "0"), is: count(name), "the total \(name)")
        }
        try expect(Int(seen.stats["bytes"] ?? "0"), is: bytes, "the bytes")
    }

    /// Notes lanes and places of waiting jobs. Only a claim may change them: from a stream into the lane of the job's limits,
    /// from one lane into another. Nobody goes back into a stream, and a place is kept.
    private mutating func note(_ seen: Snapshot, mayMove: Bool) throws(Mismatch) {
        for job in jobs.values {
            guard let old = job.spot, !job.isSpoiled, let fields = seen.jobs[job.id]?.fields else { continue }
            var new = Job.Spot(isNew: false)
            if let parked = seen.parked[job.id] {
                (new.lane, new.place) = (parked.lane, parked.place)
                if parked.lane != "fair", !old.isReturned { new.arrival = old.arrival }
                try expect(parked.level, is: job.level, "the level of \(job.id) in its lane")
            } else {
                new.arrival = fields["entry"].map { Job.Order(entry: $0) }
                new.isReturned = fields["stream"] == "returned"
            }
            defer { jobs[job.id]?.place = .waiting(new) }
            if new.lane != old.lane || old.isNew { passed[job.id] = nil }
            let first = isFair && !old.isReturned ? "fair" : nil
            if old.isNew, !mayMove { try expect(new.lane, is: first, "the lane of \(job.id), which is new there") }
            if new.lane == nil { try expect(new.isReturned, is: old.isReturned, "whether \(job.id) is returned") }
            if old.isNew && new.lane == first || new == old { continue }
            try expect(mayMove, "\(job.id) moved from \(old) to \(new) by itself")
            guard let lane = new.lane else { throw Mismatch("\(job.id) went back from \(old) into a stream") }
            try expect(old.lane != lane, "\(job.id) moved from \(old) to \(new), in its lane")
            if lane == "fair" { continue }
            let names = limits.of(job).map(\.name).filter { !Limits.ofQueue.contains($0) }.joined(separator: "\u{2}")
            try expect(lane, is: sealed(names), "the lane of \(job.id)")
        }
    }

    /// The name of a limit as the model writes it: of a singleton Redis knows a hash.
    private func plain(_ name: Substring) -> String {
        guard name.hasPrefix("singleton:"), let key = seals[String(name.dropFirst(10))] else { return String(name) }
        return "singleton:\(key)"
    }

    /// The name of a lane as Redis writes it.
    private func sealed(_ lane: String) -> String {
        seals.reduce(lane) { $0.replacingOccurrences(of: "singleton:\($1.value)", with: "singleton:\($1.key)") }
    }
}
