extension Trial {
    mutating func perform(_ operation: Operation) throws(Mismatch) {
        switch operation {
        case .enqueue(let draft): try enqueue(draft)
        case .enqueueMany(let drafts): try enqueue(drafts)
        case .add(let symbol, let level, let type): try add(symbol, level, type)
        case .turn(let consumer, let want, let ends, let isLost):
            try turn(consumer, want: want, ends: settlements(consumer, ends), learns: !isLost)
        case .again(let consumer, let want):
            try turn(consumer, want: want, ends: lastEnds[consumer] ?? [], isAgain: true)
        case .wake(let consumer, let want): try wake(consumer, want: want)
        case .silence(let consumer, let job): try silence(consumer, job.map { id($0) })
        case .renew(let consumer, let forgotten, let types, let isFinal):
            try renew(consumer, forgotten: forgotten.map { id($0) }, types: types, isFinal: isFinal)
        case .recover:
            try ask(call("recover", [])) { (model, answer) throws(Mismatch) in
                try expect(answer.words, is: model.recover(), "recover")
            }
        case .sweep: try sweep()
        case .pass(let time):
            model.now += time
            model.hasLapsed = true
            let (_, snapshot) = try exchange([["SET", Variant.clockKey, "\(model.now)"]])
            // Who waited for a rate by the old clock is put right by the next sweep.
            if time < 0 { try sweep() } else { try conclude(snapshot) }
        case .cancel(let job): try verb("cancel", [id(job)]) { $0.cancelByHand($1) }
        case .move(let job, let level, let delay):
            let words = (level.map { ["priority", $0] } ?? []) + (delay.map { ["delay", "\($0)"] } ?? [])
            try verb("move", [id(job)] + words) { $0.move($1, level: level, delay: delay) }
        case .requeue(let job, let delay):
            try verb("requeue", [id(job)] + (delay.map { ["delay", "\($0)"] } ?? [])) { $0.requeue($1, delay: delay) }
        case .resolve(let job): try verb("resolve", [id(job), "seen"]) { $0.resolve($1) }
        case .departed(let job): try verb("departed", [id(job), "other"]) { $0.departed($1, to: "other") }
        case .depart(let job):
            let id = id(job)
            try ask(call("depart", [id, "other"])) { (model, answer) throws(Mismatch) in
                let words = model.depart(id, to: "other")
                try expect(answer.code.map { [$0] } ?? answer.words, is: words, "depart \(id)")
            }
        case .purge(let state, let type): try purge(state, type)
        case .configure(let settings):
            try ask(call("configure", settings.flatMap { [$0.name, $0.value] })) { (model, answer) throws(Mismatch) in
                try expect(answer.code != "INVALID", is: model.configure(settings), "whether \(settings) are taken")
            }
        case .pause(let type):
            try switchOver("pause", type.map { ["type", $0] } ?? []) { $0.setPaused(true, type: type) }
        case .resume(let type):
            try switchOver("resume", type.map { ["type", $0] } ?? []) { $0.setPaused(false, type: type) }
        case .drain: try switchOver("drain", []) { $0.isDraining = true }
        case .record: try record()
        case .look(let job): try look(id(job))
        case .spoil(let job): try spoil(id(job))
        case .damage(let damage, let job): try harm(damage, id(job))
        }
    }

    private mutating func sweep() throws(Mismatch) {
        try ask(call("sweep", [])) { (model, answer) throws(Mismatch) in
            let (promoted, freed) = model.sweep()
            try expect(answer.words, is: ["\(promoted)", "\(freed)", "0", "done"], "sweep")
        }
    }

    /// A verb for one job, whose reply is a word and an id, or an error.
    private mutating func verb(
        _ function: String, _ words: [String], _ foretell: (inout Reference, String) -> String
    ) throws(Mismatch) {
        try ask(call(function, words)) { (model, answer) throws(Mismatch) in
            let reply = answer.code ?? answer.words.joined(separator: " ")
            try expect(reply, is: foretell(&model, words[0]), "\(function) \(words[0])")
        }
    }

    private mutating func switchOver(
        _ function: String, _ words: [String], _ change: (inout Reference) -> Void
    ) throws(Mismatch) {
        try ask(call(function, words)) { (model, answer) throws(Mismatch) in
            try expect(answer.code == nil, "\(function) answers \(answer.text)")
            change(&model)
        }
    }

    private mutating func enqueue(_ draft: Draft) throws(Mismatch) {
        let (answers, snapshot) = try exchange([call("enqueue", draft.words)])
        try judge(draft, answers[0].code ?? answers[0].words[0], answers[0].words.last ?? "")
        try conclude(snapshot)
    }

    private mutating func enqueue(_ drafts: [Draft]) throws(Mismatch) {
        let words = drafts.flatMap { ["\($0.words.count)"] + $0.words }
        let (answers, snapshot) = try exchange([call("enqueue_many", words)])
        let reply = answers[0].words
        try expect(reply.count, is: drafts.count * 2, "answers")
        for (at, draft) in drafts.enumerated() {
            let (word, text) = (reply[at * 2], reply[at * 2 + 1])
            try judge(draft, word == "error" ? String(text.prefix { $0 != " " }) : word, text)
        }
        try conclude(snapshot)
    }

    private mutating func judge(_ draft: Draft, _ word: String, _ id: String) throws(Mismatch) {
        let wanted = model.enqueue(draft, answered: id)
        try expect(word, is: wanted.word, "enqueue \(draft.line)")
        if ["INVALID", "FULL"].contains(word) { return }
        if wanted.id.isEmpty {
            try expect(id.utf8.count == 36 && ids.values.allSatisfy { $0 != id }, "\(id) is no new id")
            ids[draft.symbol] = id
        } else {
            try expect(id, is: wanted.id, "enqueue \(draft.line)")
        }
    }

    /// As a producer without the library would. Its entry comes behind all others, by the clock that the queue goes by.
    private mutating func add(_ symbol: String, _ level: String, _ type: String?) throws(Mismatch) {
        let fields = type.map { ["type", $0, "payload", symbol] } ?? ["what", "a\nb"]
        // Behind what somebody wrote with a later time, as Redis's own clock would.
        var entry = try wire.send([["XADD", key(level), "\(model.now)-*"] + fields])[0]
        if entry.code != nil { entry = try wire.send([["XADD", key(level), "*"] + fields])[0] }
        try add(symbol, level, type, entry: entry.text)
    }

    private mutating func add(_ symbol: String, _ level: String, _ type: String?, entry: String) throws(Mismatch) {
        let (_, snapshot) = try exchange([])
        ids[symbol] = "\(level)-\(entry)"
        model.raws.append(
            .init(
                id: "\(level)-\(entry)", level: Job.levels.firstIndex(of: level) ?? 2, entry: entry, type: type,
                payload: symbol))
        model.hasLapsed = true
        try conclude(snapshot)
    }

    func settlements(_ consumer: String, _ ends: [End]) -> [Settlement] {
        ends.compactMap { end in
            known[consumer]?[id(end.job)].map { Settlement(run: $0, verb: end.verb, delay: end.delay ?? 0) }
        }
    }

    /// A worker with room that waits for the bell: it must get all that can run, and then be left in peace.
    private mutating func wake(_ consumer: String, want: Int) throws(Mismatch) {
        var (left, vain, isMore) = (want, 0, false)
        while left > 0, isMore || seen?.isRinging == true {
            try turn(consumer, want: left, ends: [], isWoken: seen?.isRinging == true)
            isMore = reply?.flag == "more"
            let came = reply?.runs.count ?? 0
            vain = came > 0 ? 0 : vain + 1
            left -= came
            try expect(vain < 6, "a worker is woken again and again, for nothing")
        }
    }

    private mutating func silence(_ consumer: String?, _ job: String?) throws(Mismatch) {
        var commands: [[String]] = []
        for one in model.sorted where job == nil || one.id == job {
            guard let run = one.run, consumer == nil || run.consumer == consumer else { continue }
            model.setSilent(one.id, true)
            commands.append([
                "XCLAIM", key(run.stream), "workers", run.consumer, "0", run.entry, "IDLE", "172800000", "JUSTID",
            ])
        }
        let (_, snapshot) = try exchange(commands)
        try conclude(snapshot)
    }

    private mutating func renew(
        _ consumer: String, forgotten: [String], types: [String], isFinal: Bool
    ) throws(Mismatch) {
        let named =
            isFinal
            ? [] : (known[consumer] ?? [:]).values.filter { !forgotten.contains($0.id) }.sorted { $0.id < $1.id }
        let words = [consumer, isFinal ? "0" : "20000", "last", "\(types.count)"] + types + named.flatMap(\.words)
        try ask(call("renew", words)) { (model, answer) throws(Mismatch) in
            let reply = answer.words
            let wanted = model.renew(consumer, named: named, types: types, isFinal: isFinal)
            try expect(
                Array(reply[2...]), is: ["\(wanted.released)", "\(wanted.admitted)", "done"] + wanted.answers, "renew")
        }
        for run in named where model.jobs[run.id]?.run?.isSame(as: run) != true { known[consumer]?[run.id] = nil }
    }

    private mutating func purge(_ state: String?, _ type: String?) throws(Mismatch) {
        let filter = (state.map { ["state", $0] } ?? []) + (type.map { ["type", $0] } ?? [])
        let wanted = model.purge(state: state, type: type)
        var (cursor, purged, events) = ("0", 0, [Snapshot.Event]())
        repeat {
            let (answers, snapshot) = try exchange([call("purge", [cursor] + filter)])
            cursor = answers[0].words.first ?? "0"
            purged += Int(answers[0].words.last ?? "") ?? 0
            events += snapshot.events
            seen = snapshot
        } while cursor != "0"
        try expect(purged, is: wanted, "purge")
        guard var snapshot = seen else { return }
        snapshot.events = events
        try conclude(snapshot)
    }

    private mutating func record() throws(Mismatch) {
        if !model.isRecording { return }
        while model.unrecorded > 0 {
            let (read, _) = try exchange([call("events", ["sink"])])
            var (ids, at) = ([String](), 0)
            let words = read[0].words
            while at < words.count {
                ids.append(words[at])
                at += 2 + (Int(words[at + 1]) ?? 0)
            }
            try expect(!ids.isEmpty, "the sink sees none of \(model.unrecorded) events")
            try ask(call("recorded", ids)) { (model, answer) throws(Mismatch) in
                try expect(answer, is: .integer(ids.count), "recorded")
                model.unrecorded -= ids.count
            }
        }
    }
}
