extension Trial {
    /// Overwrites a header. Not one whose id an old entry still names: a claim that meets that buries the job early.
    mutating func spoil(_ id: String) throws(Mismatch) {
        guard let job = model.jobs[id], !job.isSpoiled, !model.stale.contains(id) else { return }
        let inline = seen?.jobs[id]?.payload
        model.jobs[id]?.isSpoiled = true
        model.hasLapsed = true
        let (_, snapshot) = try exchange([["HSET", key("jobs"), id, "{junk" + (inline.map { "\n\($0)" } ?? "")]])
        try conclude(snapshot)
    }

    /// Makes a mistake: the check must find it, and nothing else; then it is mended.
    mutating func harm(_ damage: Operation.Damage, _ id: String) throws(Mismatch) {
        if model.jobs.values.contains(where: \.isSpoiled) || model.mayDrift || !model.raws.isEmpty {
            return try repair()
        }
        guard let (commands, finding) = try mistake(damage, id) else { return }
        let (_, harmed) = try exchange(commands)
        try expect(harmed.events.isEmpty, "a mistake alone writes \(harmed.events)")
        try expect(
            !harmed.findings.isEmpty
                && harmed.findings.allSatisfy { found in finding.contains { found.hasPrefix($0) } },
            "after the damage \(damage) to \(id) the check finds \(harmed.findings)")
        try repair()
    }

    /// Mends everything. What makes no sense is buried.
    mutating func repair() throws(Mismatch) {
        let (answers, snapshot) = try exchange([call("repair", [])])
        let words = answers[0].words
        for at in stride(from: 5, to: words.count, by: 4) {
            try expect(words[at], is: "mended", "the repair of \(words[at - 3]) \(words[at - 2])")
        }
        for job in model.sorted where job.isSpoiled {
            if let run = job.run { model.give(run) }
            if let spot = job.spot, spot.lane == nil { model.stale.insert(job.id) }
            model.remove(job.id)
            if !job.isDead { model.add("dead") }
            model.emit("dead", job.id)
        }
        model.mayDrift = false
        model.hasLapsed = true
        try conclude(snapshot)
    }

    /// The commands of a mistake, and how the findings that may follow begin; what the repair makes of it is noted in the model.
    private mutating func mistake(_ damage: Operation.Damage, _ id: String) throws(Mismatch) -> ([[String]], [String])?
    {
        let job = model.jobs[id]
        var isDelayed = false
        if case .delayed = job?.place { isDelayed = true }
        switch damage {
        case .orphanDelayed: return ([["ZADD", key("delayed"), "9000000000000", "ghost"]], ["orphan ghost"])
        case .orphanParked:
            return ([["ZADD", key("parked"), "0", "type:none\u{0}2\u{0}000000000000001\u{0}ghost"]], ["orphan ghost"])
        case .orphanBody: return ([["HSET", key("bodies"), "ghost", "boo"]], ["orphan ghost"])
        case .slots: return ([["HINCRBY", key("slots"), "concurrency:key:k1", "2"]], ["slots concurrency:key:k1"])
        case .hold:
            return (
                [["HSET", key("holds"), "normal 1-1", "concurrency:key:k1"]],
                ["held normal 1-1", "slots concurrency:key:k1"]
            )
        case .counter:
            return (
                [["HINCRBY", key("stats"), "waiting:normal", "3"], ["HINCRBY", key("stats"), "bytes", "3"]],
                ["counter waiting:normal", "counter bytes"]
            )
        case .unheld:
            guard let job, let unique = job.unique, !job.isDead, job.scope != "until-started", !job.isCancelled,
                model.holder(unique) == id
            else { return nil }
            model.hold(unique, id, ttl: job.ttl)
            return ([["HDEL", key("unique"), unique]], ["unheld \(id)"])
        case .nowhere:
            guard isDelayed else { return nil }
            model.ready(id)
            return ([["ZREM", key("delayed"), id]], ["nowhere \(id)"])
        case .twice:
            guard isDelayed else { return nil }
            return ([["ZADD", key("dead"), "1", id]], ["twice \(id)", "counter bytes"])
        case .stray:
            // Nobody may have looked at the level yet; a group that is there says so, and that is all right.
            _ = try wire.send([["XGROUP", "CREATE", key("critical"), "workers", "0", "MKSTREAM"]])
            let answer = try wire.send([["XADD", key("critical"), "\(model.now + 1)-0", "id", "ghost"]])[0]
            guard case .text(let entry) = answer else { return nil }
            return (
                [["XCLAIM", key("critical"), "workers", "w9", "0", entry, "FORCE", "JUSTID"]],
                ["stray critical \(entry)"]
            )
        case .shut:
            guard let lane = job?.spot?.lane, lane != "fair" else { return nil }
            return ([["DEL", key("open"), key("stalled"), key("gates")]], ["shut "])
        }
    }
}
