/// Everything that Redis holds of a queue, as it is after a step.
struct Snapshot {
    struct Stored: Equatable {
        let value: String
        /// Nil if the header makes no sense.
        let fields: [String: String]?
        let payload: String?
    }

    struct Event: Equatable {
        let id: String
        let fields: [String: String]

        var kind: String { fields["kind"] ?? "" }
        var job: String { fields["id"] ?? "" }
        var subject: String { "\(kind) \(job)" }
    }

    struct Pending: Equatable {
        let consumer: String
        let stream: String
        let entry: String
    }

    struct Parked: Equatable {
        let lane: String
        let level: Int
        let place: Int
    }

    static let streams = ["returned", "critical", "high", "normal", "low"]

    var jobs: [String: Stored] = [:]
    var bodies: [String: String] = [:]
    var delayed: [String: String] = [:]
    var dead: [String: String] = [:]
    var parked: [String: Parked] = [:]
    var unique: [String: String] = [:]
    var slots: [String: String] = [:]
    var holds: [String: String] = [:]
    var rates: [String: String] = [:]
    var stats: [String: String] = [:]
    var history: [String: String] = [:]
    var pending: [String: Pending] = [:]
    var events: [Event] = []
    var isRinging = false
    var findings: [String] = []

    /// The commands that look, the events from `event` on.
    static func commands(queue: String, after event: String) -> [[String]] {
        func key(_ name: String) -> String { "penstock:{\(queue)}:\(name)" }
        return [
            ["FCALL_RO", "penstock_check", "1", queue],
            ["HGETALL", key("jobs")], ["HGETALL", key("bodies")],
            ["ZRANGE", key("delayed"), "0", "-1", "WITHSCORES"], ["ZRANGE", key("dead"), "0", "-1", "WITHSCORES"],
            ["ZRANGE", key("parked"), "0", "-1"],
            ["HGETALL", key("unique")], ["HGETALL", key("slots")], ["HGETALL", key("holds")],
            ["ZRANGE", key("rates"), "0", "-1", "WITHSCORES"], ["HGETALL", key("stats")], ["HGETALL", key("history")],
            ["XRANGE", key("events"), "(" + event, "+"], ["ZCARD", key("bell")],
        ] + streams.map { ["XPENDING", key($0), "workers", "-", "+", "1000"] }
    }

    /// Headers that have not changed since `before` are not read again.
    init(_ answers: ArraySlice<Answer>, before: Snapshot?) {
        let at = answers.startIndex
        func pairs(_ offset: Int) -> [String: String] {
            let words = answers[at + offset].array
            var pairs: [String: String] = [:]
            for index in stride(from: 0, to: words.count - 1, by: 2) {
                pairs[words[index].text] = words[index + 1].text
            }
            return pairs
        }
        let check = answers[at].words
        if check.isEmpty { findings = ["check says \(answers[at].text)"] }
        for index in stride(from: 2, to: check.count - 3, by: 4) {
            findings.append("\(check[index]) \(check[index + 1]): \(check[index + 2])")
        }
        for (id, value) in pairs(1) {
            if let known = before?.jobs[id], known.value == value {
                jobs[id] = known
            } else {
                let parts = value.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
                jobs[id] = Stored(
                    value: value, fields: Header.fields(parts[0]), payload: parts.count > 1 ? String(parts[1]) : nil)
            }
        }
        bodies = pairs(2)
        delayed = pairs(3)
        dead = pairs(4)
        for member in answers[at + 5].array {
            let parts = member.text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4 else { continue }
            parked[parts[3]] = Parked(lane: parts[0], level: Int(parts[1]) ?? -1, place: Int(parts[2]) ?? -1)
        }
        unique = pairs(6)
        slots = pairs(7)
        holds = pairs(8)
        rates = pairs(9)
        stats = pairs(10)
        history = pairs(11)
        for entry in answers[at + 12].array where entry.array.count == 2 {
            var fields: [String: String] = [:]
            let words = entry.array[1].array
            for index in stride(from: 0, to: words.count - 1, by: 2) {
                fields[words[index].text] = words[index + 1].text
            }
            events.append(Event(id: entry.array[0].text, fields: fields))
        }
        isRinging = answers[at + 13] == .integer(1)
        for (offset, stream) in Self.streams.enumerated() {
            for run in answers[at + 14 + offset].array where run.array.count == 4 {
                let entry = run.array[0].text
                pending["\(stream) \(entry)"] = Pending(consumer: run.array[1].text, stream: stream, entry: entry)
            }
        }
    }
}
