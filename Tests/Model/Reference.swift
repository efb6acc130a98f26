/// The queue in plain Swift: what every operation must answer and leave behind.
///
/// Where the order is policy (weights, turns of keys and lanes) it accepts what Redis did if that was legal: see `accept`.
package struct Reference {
    /// A plain XADD that no claim has met.
    struct Raw: Equatable {
        let id: String
        let level: Int
        let entry: String
        let type: String?
        let payload: String
    }

    struct Holder: Equatable {
        var expiry: Int
        var isDone: Bool
        let id: String
    }

    static let oneDay = 86_400_000
    static let fields = [
        "maxLength": 0, "maxBytes": 0, "maxEvents": 1_000_000, "retention": 7_776_000_000, "lease": 30_000,
    ]

    var now: Int
    var jobs: [String: Job] = [:]
    var raws: [Raw] = []
    var settings: [String: String] = [:]
    var limits = Limits([:])
    var isDraining = false
    var isPaused = false
    var slots: [String: Int] = [:]
    var rates: [String: Int] = [:]
    var unique: [String: Holder] = [:]
    var expiries: [String: Int] = [:]
    var totals: [String: Int] = [:]
    var bytes = 0
    var recoveredAt: Int?
    var recoverAfter = 0
    /// Events that no sink has recorded.
    var unrecorded = 0
    /// What this step must have written to `events`, as `kind id`, and the runs that ended.
    var expected: [String] = []
    var ended: [String: String] = [:]
    /// Jobs that have left an entry behind: junk under such an id is met there too.
    var stale: Set<String> = []
    /// What counts waiting entries may be wrong, because junk was met that nobody can count.
    var mayDrift = false
    /// Of jobs in lanes of a fair queue: how often each other key had its turn before them.
    var passed: [String: [String: Int]] = [:]
    /// Places of a key's jobs that went away without a run: turns that nobody takes.
    var gaps: [String: Int] = [:]
    /// Lanes with jobs whose places are from before the queue became fair, or ceased to be.
    var mixed: Set<String> = []
    /// Time has passed, or a stranger has written: nobody rang, the next turn will see.
    var hasLapsed = false

    /// Hash of a unique key → the key.
    let seals: [String: String]

    init(now: Int, seals: [String: String]) { (self.now, self.seals) = (now, seals) }

    func setting(_ name: String) -> Int { settings[name].flatMap { Int($0) } ?? Self.fields[name] ?? 0 }
    var isFair: Bool { settings["fair"] == "yes" }
    var isRecording: Bool { settings["record"] == "yes" }
    var held: String? {
        isPaused ? "paused" : isRecording && unrecorded >= setting("maxEvents") ? "bound" : nil
    }
    var sorted: [Job] { jobs.values.sorted { $0.id < $1.id } }

    func count(_ name: String) -> Int { totals[name] ?? 0 }
    mutating func add(_ name: String, _ by: Int = 1) { totals[name, default: 0] += by }

    mutating func emit(_ kind: String, _ id: String, _ run: Job.Run? = nil) {
        expected.append("\(kind) \(id)")
        if let run { ended["\(kind) \(id)"] = run.name }
        unrecorded += 1
    }

    // MARK: Limits

    func room(_ named: Limits.Named) -> Int {
        switch named.limit {
        case .runs(let most): max(0, most - (slots[named.name] ?? 0))
        case .rate(let rate): rate.room(rates[named.name] ?? 0, now: now)
        case .pause: 0
        }
    }

    /// Whether a limit of its own stops the job now.
    func isStopped(_ job: Job) -> Bool {
        limits.of(job).contains { !Limits.ofQueue.contains($0.name) && room($0) == 0 }
    }

    /// How many runs the queue's own limits allow now.
    func allowance(_ want: Int) -> Int {
        var least = want
        for name in Limits.ofQueue {
            if let limit = limits[name] { least = min(least, room(.init(name: name, limit: limit))) }
        }
        return least
    }

    mutating func take(_ job: Job) -> Set<String> {
        var taken: Set<String> = []
        for named in limits.of(job) {
            if case .rate(let rate) = named.limit {
                rates[named.name] = rate.spent(rates[named.name] ?? 0, now: now)
            } else {
                slots[named.name, default: 0] += 1
                taken.insert(named.name)
            }
        }
        return taken
    }

    mutating func give(_ run: Job.Run) {
        for name in run.slots {
            slots[name, default: 0] -= 1
            if slots[name] == 0 { slots[name] = nil }
        }
    }

    // MARK: Unique keys

    mutating func hold(_ key: String, _ id: String, ttl: Int?) {
        let expiry = now + (ttl ?? Self.oneDay)
        unique[key] = Holder(expiry: expiry, isDone: false, id: id)
        expiries[key] = expiry
    }

    func holder(_ key: String) -> String? {
        guard let held = unique[key] else { return nil }
        if held.isDone { return held.expiry > now ? held.id : nil }
        guard let job = jobs[held.id], !job.isSpoiled, job.unique == key else { return nil }
        return held.id
    }

    mutating func free(_ job: Job, completed: Bool = false) {
        guard let key = job.unique, let held = unique[key], held.id == job.id else { return }
        if completed, job.scope == nil, held.expiry > now {
            unique[key]?.isDone = true
        } else {
            unique[key] = nil
            expiries[key] = nil
        }
    }

    // MARK: Ends

    mutating func remove(_ id: String) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        if !job.isDead { bytes -= job.payload.utf8.count }
    }

    mutating func cancelNow(_ id: String, _ run: Job.Run? = nil) {
        guard let job = jobs[id] else { return }
        free(job)
        remove(id)
        add("cancelled")
        emit("cancelled", id, run)
    }

    mutating func bury(_ id: String, _ text: String, _ run: Job.Run? = nil) {
        guard var job = jobs[id] else { return }
        free(job)
        job.lastError = text
        job.isCancelled = false
        job.errors = min(10, job.errors + 1)
        bytes -= job.payload.utf8.count
        job.place = .dead(now)
        jobs[id] = job
        add("dead")
        emit("dead", id, run)
    }

    /// What makes no sense goes, its bytes into the event.
    mutating func buryUnreadable(_ id: String, _ run: Job.Run? = nil) {
        remove(id)
        add("dead")
        emit("dead", id, run)
    }

    mutating func ready(_ id: String, isReturned: Bool = false) {
        jobs[id]?.due = nil
        jobs[id]?.isRegrouped = false
        jobs[id]?.place = .waiting(.init(isReturned: isReturned))
    }

    /// The job waits no more where it did; in a stream its entry stays.
    mutating func withdraw(_ id: String) {
        if let job = jobs[id], job.spot != nil { gaps[job.turn, default: 0] += 1 }
        if let spot = jobs[id]?.spot, spot.lane == nil { stale.insert(id) }
    }

    mutating func giveBack(_ id: String, _ kind: String, _ run: Job.Run) {
        if jobs[id]?.isCancelled == true { return cancelNow(id, run) }
        ready(id, isReturned: true)
        emit(kind, id, run)
    }

    /// What is due runs, the earliest first.
    @discardableResult
    mutating func promote() -> Int {
        var due = 0
        for job in sorted {
            guard case .delayed(let at) = job.place, at <= now else { continue }
            due += 1
            if job.isSpoiled { buryUnreadable(job.id) } else { ready(job.id) }
        }
        return due
    }

    mutating func admit(_ types: [String]) -> Int {
        var admitted = 0
        for job in sorted where job.place == .held && types.contains(job.type) {
            admitted += 1
            if job.isSpoiled { buryUnreadable(job.id) } else { ready(job.id) }
        }
        return admitted
    }
}
