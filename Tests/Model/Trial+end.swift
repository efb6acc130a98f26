extension Trial {
    /// After the last operation everything is let run: no job may be left that waits or is parked while a slot is free.
    mutating func letRun() throws(Mismatch) {
        try perform(.resume(type: nil))
        for name in model.settings.keys.sorted() where name.hasPrefix("paused:type:") {
            try perform(.resume(type: String(name.dropFirst("paused:type:".count))))
        }
        if model.jobs.values.contains(where: \.isSpoiled) { try repair() }
        var rounds = 0
        while model.jobs.values.contains(where: { !$0.isDead }) || !model.raws.isEmpty {
            let (before, raws) = (model.jobs.values.filter { !$0.isDead }.map(\.id).sorted(), model.raws.count)
            rounds += 1
            try expect(rounds < 500, "after 500 rounds these are left: \(before)")
            try perform(.record)
            for job in model.sorted where job.place == .moving("other") { try perform(.departed(job.id)) }
            for consumer in Generator.consumers { try finishAll(consumer) }
            try perform(.renew(consumer: "w1", forgotten: [], types: Generator.types, isFinal: false))
            try turn("w1", want: 100, ends: [])
            guard let reply else { return }
            if reply.runs.isEmpty, reply.flag != "more" {
                let after = model.jobs.values.filter { !$0.isDead }.map(\.id).sorted()
                let isMoving = before != after || raws != model.raws.count
                // A plain XADD rings no bell and is not counted: it is found by the look that every worker takes each second.
                let next = model.raws.isEmpty ? reply.next : 1000
                try expect(next > 0 || isMoving, "nothing lets these run: \(before)")
                if next > 0 { try perform(.pass(next)) }
            }
        }
        try perform(.sweep)
        let keys = ["open", "stalled", "gates", "slots", "holds", "delayed", "parked"]
        let (answers, snapshot) = try exchange(keys.map { ["EXISTS", key($0)] })
        for (name, answer) in zip(keys, answers) { try expect(answer, is: .integer(0), "whether \(name) is left") }
        try conclude(snapshot)
    }

    /// Completes what the consumer knows; what it does not know, of replies that were lost, goes back.
    private mutating func finishAll(_ consumer: String) throws(Mismatch) {
        let runs = model.sorted.filter { $0.run?.consumer == consumer }
        let ends = runs.compactMap { job in
            known[consumer]?[job.id].flatMap {
                job.run?.isSame(as: $0) == true ? Settlement(run: $0, verb: "completed", delay: 0) : nil
            }
        }
        if !ends.isEmpty { try turn(consumer, want: 0, ends: ends) }
        if ends.count < runs.count {
            try perform(.renew(consumer: consumer, forgotten: [], types: [], isFinal: true))
        }
    }
}
