/// What a trace proves about limits.
///
/// A run holds its slot from the claim to the settling, by Redis's order. Its handler begins after the one and ends before the
/// other, so the handlers that overlap at a moment are never more than the slots that are taken then: more of them than the
/// limit allows is an overshoot, for certain. The other way round a wrong count in Redis shows as soon as it lasts longer than
/// the few hundred microseconds between a claim and its handler, which is why handlers take many milliseconds here.
enum Sweep {
    /// The most spells that overlap at one moment, and that moment. One that ends when another begins does not overlap it.
    static func most(_ spells: some Sequence<Range<UInt64>>) -> (count: Int, at: UInt64) {
        var moments: [(at: UInt64, step: Int)] = []
        for spell in spells { moments += [(spell.lowerBound, 1), (spell.upperBound, -1)] }
        moments.sort { ($0.at, $0.step) < ($1.at, $1.step) }
        var (count, most) = (0, (count: 0, at: UInt64(0)))
        for moment in moments {
            count += moment.step
            if count > most.count { most = (count, moment.at) }
        }
        return most
    }

    /// The first of these starts that a rate forbids, by its number; nil if it allows all. Times in milliseconds, sorted.
    ///
    /// The generic cell rate algorithm, anew and with nothing rounded: a start may come `burst - 1` intervals before its turn.
    /// Leaving starts out makes no sequence worse, so what is not known exactly may be left out.
    static func tooEarly(_ starts: [Int], of rate: Rate) -> Int? {
        var turn = -Double.infinity
        for (number, start) in starts.enumerated() {
            // A clock of milliseconds cannot tell the last part of one.
            if Double(start) < turn - Double(rate.burst - 1) * rate.interval - 0.001 { return number }
            turn = max(Double(start), turn) + rate.interval
        }
        return nil
    }

    /// The first of these handlers' starts that cannot be by so early, by its number.
    ///
    /// A handler begins at some time after its claim, so two handlers may begin closer together than their claims. But the
    /// number of handlers that have begun is never above that of the claims, and of those there are `burst` and one an interval
    /// since the first moment when there could be any. Nanoseconds, sorted.
    static func tooMany(_ starts: [UInt64], since: UInt64, of rate: Rate) -> Int? {
        for (number, start) in starts.enumerated() {
            let first = Double(since) / 1e6 + Double(number + 1 - rate.burst) * rate.interval
            // Redis cuts its time to milliseconds.
            if Double(start) / 1e6 < first - 1 { return number }
        }
        return nil
    }
}

/// `COUNT/PERIOD/BURST`, as a setting says it.
struct Rate: Sendable {
    /// Milliseconds.
    let interval: Double
    let burst: Int

    init?(_ text: String) {
        let words = text.split(separator: "/").compactMap { Int($0) }
        guard words.count == 3 else { return nil }
        interval = Double(words[1]) / Double(words[0])
        burst = words[2]
    }
}
