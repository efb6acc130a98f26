extension Reference {
    /// Takes over what a claim did, if it was legal: nothing was handed out that a limit stops or that was not there, none was
    /// overtaken that the policy protects, and when less came than was wanted, nothing was left that could have run.
    mutating func accept(
        _ reply: TurnReply, consumer: String, want: Int, seen: Snapshot, others: [Snapshot.Event]
    ) throws(Mismatch) {
        let allowed = held == nil ? allowance(want) : 0
        try expect(reply.runs.count <= allowed, "\(reply.runs.count) runs came, \(allowed) are allowed")
        if let held {
            try expect(reply.flag, is: held, "the flag")
        } else {
            try expect(["idle", "more"].contains(reply.flag), "the flag is \(reply.flag)")
        }
        if allowed > 0 { adopt(seen) }
        let before = jobs
        for event in others { try meet(event) }
        var handed: [Job] = []
        for run in reply.runs {
            handed.append(try hand(run, to: consumer, before: before, seen: seen))
        }
        let isWhole = allowed > 0 && reply.runs.count < allowed && reply.flag == "idle"
        if isWhole {
            try expect(raws.isEmpty, "an idle claim has not met \(raws.map(\.id))")
            if let left = left.first { throw Mismatch("an idle claim left \(left.id), which nothing stops") }
            stale = []
            mayDrift = false
        }
        try checkOrder(handed, before)
        try checkTurns(handed, before, seen)
        try checkNext(reply, isWhole: isWhole)
        hasLapsed = false
    }

    /// Waiting jobs that could be claimed now, the queue's own limits aside.
    var left: [Job] { sorted.filter { $0.spot != nil && !$0.isSpoiled && !isStopped($0) } }

    /// A plain XADD that a claim has met is a job.
    private mutating func adopt(_ seen: Snapshot) {
        for raw in raws {
            guard let type = raw.type, seen.jobs[raw.id] != nil || seen.events.contains(where: { $0.job == raw.id })
            else {
                continue
            }
            let order = Job.Order(entry: raw.entry)
            var job = Job(id: raw.id, type: type, payload: raw.payload, enqueuedAt: min(now, order.time))
            job.level = raw.level
            job.place = .waiting(.init(arrival: order, isNew: false))
            jobs[raw.id] = job
            add("accepted")
            bytes += raw.payload.utf8.count
            raws.removeAll { $0.id == raw.id }
        }
    }

    /// What a claim may end by itself: a job that is late, and what makes no sense.
    private mutating func meet(_ event: Snapshot.Event) throws(Mismatch) {
        let id = event.job
        if let at = raws.firstIndex(where: { $0.id == id && $0.type == nil }), event.kind == "dead" {
            raws.remove(at: at)
            buryUnreadable(id)
        } else if let job = jobs[id], job.isSpoiled, job.spot != nil, event.kind == "dead" {
            gaps[job.turn, default: 0] += 1
            buryUnreadable(id)
            mayDrift = true
        } else if let job = jobs[id], job.spot != nil, let deadline = job.deadline, deadline < now {
            try expect(event.kind, is: job.isDropped ? "cancelled" : "dead", "the end of \(id), which is late")
            gaps[job.turn, default: 0] += 1
            try expect(!isStopped(job), "\(id) was stopped by a limit, and ended because it was late")
            if job.isDropped {
                cancelNow(id)
            } else {
                bury(id, event.fields["error"] ?? "")
                try expect(
                    jobs[id]?.lastError?.hasPrefix("not started in time") == true, "\(id) died without its reason")
            }
        } else {
            throw Mismatch("a claim ended \(id): \(event.kind)")
        }
    }

    private mutating func hand(
        _ handed: TurnReply.Handed, to consumer: String, before: [String: Job], seen: Snapshot
    ) throws(Mismatch) -> Job {
        let id = handed.run.id
        guard var job = jobs[id], let spot = job.spot else { throw Mismatch("\(id) was handed out and does not wait") }
        try expect(!job.isSpoiled, "\(id) was handed out and makes no sense")
        for named in limits.of(job) where room(named) == 0 {
            throw Mismatch("\(id) was handed out beyond \(named.name)")
        }
        if let deadline = job.deadline, deadline < now {
            throw Mismatch("\(id) was handed out \(now - deadline) ms late")
        }
        let stream = spot.isReturned || spot.lane != nil || isFair ? "returned" : Job.levels[job.level]
        try expect(handed.run.stream, is: stream, "the stream of \(id)")
        try expect(handed.payload, is: job.payload, "the payload of \(id)")
        let stored = seen.jobs[id]?.value.split(separator: "\n", maxSplits: 1).first.map(String.init)
        try expect(handed.header, is: stored ?? "", "the header of \(id)")
        if job.scope == "until-started" { free(job) }
        if job.deadline != nil || job.scope == "until-started" { (job.deadline, job.isDropped) = (nil, false) }
        let run = Job.Run(consumer: consumer, stream: handed.run.stream, entry: handed.run.entry, slots: take(job))
        (job.place, job.isRegrouped) = (.running(run), false)
        jobs[id] = job
        return before[id] ?? job
    }

    /// Returned before critical before the rest (in strict order also these); within a stream or a lane the first first.
    private func checkOrder(_ handed: [Job], _ before: [String: Job]) throws(Mismatch) {
        if handed.isEmpty { return }
        for waiting in left {
            guard let first = before[waiting.id], let mine = first.spot else { continue }
            for job in handed {
                guard let theirs = job.spot else { continue }
                let pair = "\(job.id) overtook \(first.id)"
                try expect(!mine.isReturned || theirs.isReturned, "\(pair), which was returned")
                guard mine.isReturned == theirs.isReturned else { continue }
                if settings["policy"] == "strict" || first.level == 0, !mine.isReturned {
                    try expect(job.level <= first.level, "\(pair), which is more urgent")
                }
                guard job.level == first.level || mine.isReturned, mine.lane == theirs.lane else { continue }
                // The keys of a fair queue take turns, and so do lanes; within one, places count.
                if isFair || mine.lane == "fair" {
                    if mine.lane.map({ mixed.contains($0) }) ?? true { continue }
                    guard first.turn == job.turn, limits.of(first) == limits.of(job), mine.lane != nil else { continue }
                }
                let isMixed =
                    first.isRegrouped || job.isRegrouped || mine.lane.map { mixed.contains($0) } ?? false
                if isMixed, let one = mine.place, let other = theirs.place {
                    try expect(one >= other, "\(pair), which was before it in its lane")
                } else if let one = mine.arrival, let other = theirs.arrival {
                    try expect(one > other, "\(pair), which came first")
                } else if let one = mine.place, let other = theirs.place {
                    try expect(one >= other, "\(pair), which was before it in its lane")
                }
            }
        }
    }

    /// A worker is told to come back in time for whatever time alone lets start.
    private func checkNext(_ reply: TurnReply, isWhole: Bool) throws(Mismatch) {
        var soonest = Int.max
        for job in jobs.values {
            if case .delayed(let due) = job.place { soonest = min(soonest, due) }
        }
        if held == nil, !left.isEmpty, case .rate(let rate) = limits["rate"],
            room(.init(name: "rate", limit: .rate(rate))) == 0,
            limits["concurrency"].map({ room(.init(name: "concurrency", limit: $0)) > 0 }) ?? true
        {
            soonest = min(soonest, rate.opens(rates["rate"] ?? 0, now: now))
        }
        if held == nil, isWhole {
            for job in jobs.values where job.spot != nil && !job.isSpoiled {
                if let opens = opens(job) { soonest = min(soonest, opens) }
            }
        }
        try expect(reply.next != 0, "a worker is told to come back at once, for nothing")
        if soonest < .max {
            try expect(
                reply.next > 0 && now + reply.next <= soonest,
                "next is \(reply.next), something starts in \(soonest - now) ms")
        }
    }

    /// When time alone lets a waiting job start; nil if it cannot.
    private func opens(_ job: Job) -> Int? {
        var latest = now
        for named in limits.of(job) where room(named) == 0 {
            guard case .rate(let rate) = named.limit else { return nil }
            latest = max(latest, rate.opens(rates[named.name] ?? 0, now: now))
        }
        return latest > now ? latest : nil
    }
}
