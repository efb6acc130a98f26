extension Reference {
    /// Runs of one other key that may start from a lane while the first job of a key waits in it: those of the three places of a
    /// round, from that of the job before it to its own. Only a key whose every job comes when the one before has started has so many.
    private static let round = 3

    /// In a fair queue keys take turns: however many jobs one of them has, it delays another's by a round.
    mutating func checkTurns(_ handed: [Job], _ before: [String: Job], _ seen: Snapshot) throws(Mismatch) {
        mixed.formIntersection(jobs.values.compactMap { $0.spot?.lane })
        guard isFair else {
            passed = [:]
            gaps = [:]
            return
        }
        passed = passed.filter { jobs[$0.key]?.spot != nil }
        let turns = Set(jobs.values.filter { $0.spot != nil }.map(\.turn))
        gaps = gaps.filter { turns.contains($0.key) }
        if handed.isEmpty { return }
        for job in jobs.values {
            guard let mine = job.spot, let lane = mine.lane, let place = mine.place, !job.isSpoiled else { continue }
            // Who came before the keys took turns is in order of age.
            if mixed.contains(lane) || seen.parked[job.id]?.lane != lane { continue }
            let isFirst = !before.values.contains { other in
                guard let spot = other.spot, spot.lane == lane, let ahead = spot.place else { return false }
                return other.id != job.id && other.level == job.level && other.turn == job.turn && ahead < place
            }
            guard isFirst else {
                passed[job.id] = nil
                continue
            }
            for other in handed where other.level == job.level && other.turn != job.turn && other.spot?.lane == lane {
                passed[job.id, default: [:]][other.turn, default: 0] += 1
                let turns = passed[job.id]?[other.turn] ?? 0
                try expect(
                    turns <= Self.round + gaps[job.turn, default: 0],
                    "\(other.turn) had \(turns) turns before \(job.id) of \(job.turn), in \(lane)")
            }
        }
    }
}
