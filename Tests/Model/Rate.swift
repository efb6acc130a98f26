/// GCRA, the generic cell rate algorithm (ITU-T I.371): one theoretical arrival time, in us.
struct Rate: Equatable {
    let interval: Int
    /// How far ahead of its time a burst may be.
    let ahead: Int

    /// `COUNT/PERIOD[/BURST]`, the period in ms.
    init?(_ text: String) {
        let parts = text.split(separator: "/").map { Int($0) ?? 0 }
        guard parts.count == 2 || parts.count == 3, parts[0] > 0, parts[1] > 0 else { return nil }
        interval = (parts[1] * 1000 + parts[0] - 1) / parts[0]
        ahead = ((parts.count == 3 ? parts[2] : 1) - 1) * interval
    }

    /// The furthest that a start could put it: what is further is from a slower rate, or from before the clock went back.
    func top(now: Int) -> Int { now * 1000 + ahead + interval }

    private func at(_ arrival: Int, _ now: Int) -> Int { max(now * 1000, min(arrival, top(now: now))) }

    /// Starts that are allowed now, when `arrival` is the time reckoned for the next.
    func room(_ arrival: Int, now: Int) -> Int {
        let spare = now * 1000 + ahead - at(arrival, now)
        return spare < 0 ? 0 : spare / interval + 1
    }

    func spent(_ arrival: Int, now: Int) -> Int { at(arrival, now) + interval }

    /// The first ms at which a start is allowed.
    func opens(_ arrival: Int, now: Int) -> Int { (at(arrival, now) - ahead + 999) / 1000 }
}
