/// A job of the model.
struct Job: Equatable {
    /// Where a job is. Of a waiting one the model knows what was seen of its order, not how that is kept.
    enum Place: Equatable {
        case waiting(Spot)
        case delayed(Int)
        /// Parked, because nobody runs its type.
        case held
        /// Parked, on its way to another queue.
        case moving(String)
        case running(Run)
        case dead(Int)
    }

    struct Spot: Equatable {
        /// The lane in which it is, nil in a stream.
        var lane: String?
        var place: Int?
        /// Its entry in its level's stream, which it keeps in a lane: nobody changes the order there. Nil if nobody saw it.
        var arrival: Order?
        var isReturned = false
        /// No look has found it yet.
        var isNew = true
    }

    struct Order: Equatable, Comparable {
        let time: Int
        let number: Int

        static func < (one: Order, other: Order) -> Bool { (one.time, one.number) < (other.time, other.number) }

        init(time: Int, number: Int) { (self.time, self.number) = (time, number) }

        init(entry: String) {
            let parts = entry.split(separator: "-").map { Int($0) ?? 0 }
            self.init(time: parts[0], number: parts.count > 1 ? parts[1] : 0)
        }
    }

    struct Run: Equatable {
        let consumer: String
        let stream: String
        let entry: String
        /// The limits whose slots it has.
        var slots: Set<String>
        /// Its worker is silent for longer than any lease.
        var isSilent = false

        var name: String { "\(stream) \(entry)" }

        /// Entries of two streams may have the same id: one of `returned` that follows at once that of another level.
        func isSame(as known: KnownRun) -> Bool { stream == known.stream && entry == known.entry }
    }

    let id: String
    let type: String
    var payload: String
    var level = 2
    var key: String?
    var unique: String?
    var scope: String?
    var isSingleton = false
    var ttl: Int?
    var latest: Int?
    var deadline: Int?
    var isDropped = false
    var attempts: String?
    var attempt = 0
    var crashes = 0
    var snoozes = 0
    var errors = 0
    var lastError: String?
    var isCancelled = false
    /// Its header makes no sense.
    var isSpoiled = false
    /// It waited in a lane of a fair queue when the limits changed. What shared that lane may now be in several, where each begins with
    /// turns of its own, and who comes together again is in the order of these.
    var isRegrouped = false
    /// Its payload is missing.
    let enqueuedAt: Int
    /// Of a delayed job, also while it moves to another queue.
    var due: Int?
    var place = Place.waiting(Spot())

    init(id: String, type: String, payload: String, enqueuedAt: Int) {
        (self.id, self.type, self.payload, self.enqueuedAt) = (id, type, payload, enqueuedAt)
    }

    static let levels = ["critical", "high", "normal", "low"]

    var run: Run? { if case .running(let run) = place { run } else { nil } }
    var spot: Spot? { if case .waiting(let spot) = place { spot } else { nil } }
    var isDead: Bool { if case .dead = place { true } else { false } }

    /// What takes turns in a fair queue.
    var turn: String { key.map { "key:\($0)" } ?? "type:\(type)" }

    /// Fields that its header must have, those of its place aside.
    var fields: [String: String] {
        var fields = ["type": type]
        if level != 2 { fields["priority"] = Self.levels[level] }
        fields["key"] = key
        fields["unique"] = unique
        fields["scope"] = scope
        if isSingleton { fields["singleton"] = "1" }
        if isDropped { fields["late"] = "drop" }
        if isCancelled { fields["cancel"] = "1" }
        for (name, number) in [("attempt", attempt), ("crashes", crashes), ("snoozes", snoozes)] where number > 0 {
            fields[name] = "\(number)"
        }
        for (name, number) in [("ttl", ttl), ("latest", latest), ("deadline", deadline)] {
            fields[name] = number.map { "\($0)" }
        }
        fields["lastError"] = lastError
        fields["maxAttempts"] = attempts
        return fields
    }
}
