extension Trial {
    /// What operators are told must be what there is.
    mutating func look(_ id: String) throws(Mismatch) {
        let (answers, snapshot) = try exchange([call("job", [id]), call("why", [id]), call("backlog", [])])
        try conclude(snapshot)
        let (told, why, backlog) = (pairs(answers[0]), answers[1], pairs(answers[2]))
        if let job = model.jobs[id] {
            try expect(told["state"], is: job.isSpoiled ? "unreadable" : model.word(job), "the state of \(id)")
            try expect(lacks(job, why.words), is: true, "what is said to be missing of \(id)")
        } else {
            try expect([answers[0].code, why.code], is: ["UNKNOWN", "UNKNOWN"], "what is said of \(id)")
        }
        // What makes no sense is counted where it was, or nowhere.
        if model.jobs.values.contains(where: \.isSpoiled) || model.mayDrift { return }
        var counts = ["delayed": 0, "dead": 0, "parked": 0]
        for stream in Snapshot.streams {
            counts["waiting:\(stream)"] = 0
            counts["running:\(stream)"] = 0
        }
        for job in model.jobs.values {
            switch model.word(job) {
            case "waiting":
                counts["waiting:\(job.spot?.isReturned == true ? "returned" : Job.levels[job.level])", default: 0] += 1
            case "running": counts["running:\(job.run?.stream ?? "")", default: 0] += 1
            case let word: counts[word, default: 0] += 1
            }
        }
        counts["bytes"] = model.bytes
        counts["events"] = model.isRecording ? model.unrecorded : nil
        for (name, count) in model.slots where name.hasPrefix("concurrency") { counts["slots:\(name)"] = count }
        for (name, count) in counts { try expect(backlog[name], is: "\(count)", "the backlog's \(name)") }
        try expect(backlog["paused"], is: model.isPaused ? "yes" : "no", "whether the queue is paused")
        try expect(backlog["draining"], is: model.isDraining ? "yes" : "no", "whether the queue drains")
    }

    /// A second word is for what waits while nothing but a worker is missing.
    private func lacks(_ job: Job, _ words: [String]) -> Bool {
        guard words.count == 2 else { return words.count == 1 }
        guard case .waiting = job.place else { return false }
        return words[1] == "claim" && !model.isPaused
    }

    private func pairs(_ answer: Answer) -> [String: String] {
        let words = answer.words
        var pairs: [String: String] = [:]
        for at in stride(from: 0, to: words.count - 1, by: 2) { pairs[words[at]] = words[at + 1] }
        return pairs
    }
}
