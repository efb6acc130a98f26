import NIOCore
import Redis

/// What `penstock_turn` answers.
struct TurnReply {
    struct Claimed {
        let level: String
        let entry: String
        let id: String
        let header: ByteBuffer
        let payload: ByteBuffer
    }

    enum Flag: String {
        case more, idle, paused, bound
    }

    /// Milliseconds by the clock of Redis.
    let now: Int64
    let lease: Duration
    let nextDue: Duration?
    let flag: Flag
    /// For each outcome, whether it counted.
    let isSettled: [Bool]
    let claimed: [Claimed]

    /// Nil if it is not such a reply.
    init?(_ reply: Reply) {
        guard let words = reply.array, words.count >= 5, let now = words[0].integer, let lease = words[1].integer,
            let next = words[2].integer, let flag = words[3].string.flatMap(Flag.init), let count = words[4].integer,
            count >= 0, words.count >= 5 + count, (words.count - 5 - count) % 5 == 0
        else { return nil }
        self.now = Int64(now)
        self.lease = .milliseconds(lease)
        nextDue = next < 0 ? nil : .milliseconds(next)
        self.flag = flag
        isSettled = words[5..<5 + count].map { $0.string == "OK" }
        var claimed: [Claimed] = []
        claimed.reserveCapacity((words.count - 5 - count) / 5)
        for at in stride(from: 5 + count, to: words.count, by: 5) {
            guard let level = words[at].string, let entry = words[at + 1].string, let id = words[at + 2].string,
                let header = words[at + 3].bytes, let payload = words[at + 4].bytes
            else { return nil }
            claimed.append(Claimed(level: level, entry: entry, id: id, header: header, payload: payload))
        }
        self.claimed = claimed
    }
}
