/// Chooses operations that are worth trying where the model is now.
package struct Generator {
    static let consumers = ["w1", "w2", "w3", "w4"]
    /// The last is one that nobody runs.
    static let types = ["t1", "t2", "t3"]
    static let keys = ["k1", "k2", "k3"]
    static let uniques = ["u1", "u2", "u3", "u4"]

    private var dice: Dice
    private var made = 0
    /// Jobs that live at once, about.
    private let crowd: Int
    /// What this sequence makes use of, so that some are about few things.
    private let hasGarbage: Bool
    private let hasUnique: Bool
    private let hasLimits: Bool

    package init(seed: UInt64) {
        dice = Dice(seed: seed)
        crowd = 4 + dice.roll(10)
        hasGarbage = dice.chance(40)
        hasUnique = dice.chance(70)
        hasLimits = dice.chance(80)
    }

    /// The settings of a sequence's beginning.
    package mutating func beginning() -> Operation {
        var settings: [Operation.Setting] = []
        func set(_ name: String, _ value: String) { settings.append(.init(name: name, value: value)) }
        if dice.chance(30) { set("policy", "strict") }
        if dice.chance(35) { set("fair", "yes") }
        if dice.chance(30) { set("weights", dice.pick(["1:1:1", "9:3:1", "1:50:2"])) }
        if dice.chance(20) { set("maxLength", "\(crowd)") }
        if dice.chance(10) { set("maxBytes", "\(crowd * 4)") }
        if dice.chance(30) { set("refuse", dice.pick(Job.levels)) }
        if dice.chance(30) { set("lease", dice.pick(["60000", "600000"])) }
        if dice.chance(20) { set("retention", dice.pick(["3000", "0"])) }
        if dice.chance(20) { set("record", "yes") }
        if dice.chance(15) { set("maxEvents", "\(5 + dice.roll(30))") }
        if dice.chance(20) { set("retries", dice.pick(["1/1000", "3/500/2"])) }
        return .configure(settings + (hasLimits ? limits() : []))
    }

    private mutating func limits() -> [Operation.Setting] {
        let names = [
            "concurrency", "concurrency:key", "concurrency:key", "concurrency:key:k1", "concurrency:type:t1", "rate",
            "rate:key", "rate:key:k2", "rate:type:t2",
        ]
        var settings: [Operation.Setting] = []
        for _ in 0..<2 {
            let name = dice.pick(names)
            let value = name.hasPrefix("rate") ? dice.pick(["2/100", "5/1000/3", "1/300/2"]) : "\(1 + dice.roll(3))"
            settings.append(.init(name: name, value: value))
        }
        return settings
    }

    /// The next operation where the trial stands.
    package mutating func next(_ trial: Trial) -> Operation {
        let model = trial.model
        let live = model.jobs.values.count { !$0.isDead }
        let isCrowded = live >= crowd
        return switch dice.roll(1000) {
        case ..<(isCrowded ? 60 : 320): .enqueue(draft(trial))
        case ..<340:
            isCrowded
                ? .wake(consumer: consumer(), want: 4) : .enqueueMany((0...dice.roll(3)).map { _ in draft(trial) })
        case ..<352: add()
        case ..<440: .turn(consumer: consumer(), want: 1 + dice.roll(4), ends: [], isLost: dice.chance(10))
        case ..<640: turn(trial)
        case ..<655: .again(consumer: consumer(), want: dice.roll(2))
        case ..<690: .wake(consumer: consumer(), want: 1 + dice.roll(4))
        case ..<770:
            .pass(
                dice.weigh([
                    (4, 1 + dice.roll(100)), (4, 1 + dice.roll(1000)), (2, 20_000), (1, 90_000_000),
                    (1, -1 - dice.roll(5000)),
                ]))
        case ..<790: silence(trial)
        case ..<815: .recover
        case ..<835: renew(trial)
        case ..<850: .sweep
        case ..<875: .cancel(job(trial))
        case ..<895:
            .move(job(trial), level: maybe(Job.levels), delay: dice.chance(50) ? dice.pick([0, 50, 5000]) : nil)
        case ..<915: .requeue(job(trial) { $0.isDead }, delay: dice.chance(30) ? 300 : nil)
        case ..<920: .resolve(job(trial) { $0.isDead })
        case ..<927: .depart(job(trial) { $0.run == nil })
        case ..<934: .departed(job(trial) { $0.place == .moving("other") })
        case ..<938: .purge(state: maybe(["waiting", "delayed", "parked", "dead"]), type: maybe(Self.types))
        case ..<950: configure(model)
        case ..<956: .pause(type: maybe(Self.types))
        case ..<972: model.isPaused || model.isDraining ? .resume(type: nil) : .resume(type: dice.pick(Self.types))
        case ..<974: .drain
        case ..<980: .record
        case ..<986: .look(job(trial))
        case ..<992: hasGarbage ? .spoil(job(trial)) : .sweep
        default: hasGarbage ? .damage(dice.pick(Operation.Damage.allCases), job(trial)) : .recover
        }
    }

    private mutating func maybe<Element>(_ elements: [Element]) -> Element? {
        dice.chance(60) ? dice.pick(elements) : nil
    }

    private mutating func consumer() -> String { dice.pick(Self.consumers) }

    /// A job, one of those asked for if there is one; now and then one that is not there.
    private mutating func job(_ trial: Trial, _ isWanted: (Job) -> Bool = { _ in true }) -> String {
        let jobs = trial.model.sorted
        let wanted = jobs.filter(isWanted)
        guard let one = wanted.isEmpty || dice.chance(5) ? jobs.randomElement(using: &dice) : dice.pick(wanted) else {
            return "j1"
        }
        return symbol(one.id, trial)
    }

    private func symbol(_ id: String, _ trial: Trial) -> String {
        trial.ids.first { $0.value == id }?.key ?? id
    }

    private mutating func add() -> Operation {
        made += 1
        let type = hasGarbage && dice.chance(25) ? nil : dice.pick(Self.types)
        return .add(symbol: (type == nil ? "r" : "x") + "\(made)", level: dice.pick(Job.levels), type: type)
    }

    private mutating func draft(_ trial: Trial) -> Draft {
        made += 1
        let symbol = dice.chance(60) ? "j\(1 + dice.roll(20))" : "g\(made)"
        var draft = Draft(
            symbol: symbol, type: dice.weigh([(5, "t1"), (4, "t2"), (1, "t3")]),
            payload: dice.chance(6) ? "\(made)x1500" : "\(made)", options: [])
        func set(_ name: String, _ value: String) { draft.options.append(.init(name: name, value: value)) }
        if dice.chance(50) { set("priority", dice.pick(Job.levels)) }
        if dice.chance(60) { set("key", dice.pick(Self.keys)) }
        if dice.chance(20) { set("delay", "\(dice.pick([0, 50, 300, 2000]))") }
        if dice.chance(12) { set("deadline", "\(dice.pick([20, 500, 5000]))") }
        if draft["deadline"] != nil, dice.chance(50) { set("late", dice.pick(["drop", "bury"])) }
        if dice.chance(10) { set("attempts", "3") }
        if hasUnique, dice.chance(40) { unique(&draft) }
        return draft
    }

    private mutating func unique(_ draft: inout Draft) {
        func set(_ name: String, _ value: String) { draft.options.append(.init(name: name, value: value)) }
        set("unique", dice.pick(Self.uniques))
        if dice.chance(20) { return set("singleton", dice.pick(["skip", "cancel"])) }
        let scope = maybe(["window", "until-started", "until-finished"])
        if let scope { set("scope", scope) }
        let conflict = maybe(["skip", "replace", "cancel"])
        if let conflict { set("conflict", conflict) }
        if scope == "window" || scope == nil && conflict != "replace", dice.chance(50) {
            set("ttl", "\(dice.pick([100, 3000]))")
        }
        if conflict == "replace", dice.chance(40) { set("max-wait", "\(dice.pick([100, 1000]))") }
    }

    /// Ends some of a consumer's runs, also some that are its no longer.
    private mutating func turn(_ trial: Trial) -> Operation {
        let consumer = consumer()
        let known = (trial.known[consumer] ?? [:]).values.sorted { $0.id < $1.id }
        var ends: [End] = []
        for run in known {
            let isOwn = trial.model.jobs[run.id]?.run?.isSame(as: run) == true
            guard dice.chance(isOwn ? 60 : 4) else { continue }
            ends.append(end(run.id, trial))
        }
        return .turn(consumer: consumer, want: dice.roll(4), ends: ends, isLost: dice.chance(6))
    }

    private mutating func end(_ id: String, _ trial: Trial) -> End {
        let type = trial.model.jobs[id]?.type
        let verb =
            type == "t3" && dice.chance(70)
            ? "unhandled"
            : dice.weigh([
                (40, "completed"), (5, "skipped"), (18, "retry"), (6, "snooze"), (12, "dead"), (9, "release"),
                (2, "unhandled"),
                (4, "cancelled"),
            ])
        let delay = verb == "retry" || verb == "snooze" ? dice.pick([0, 10, 200, 3000]) : nil
        return End(job: symbol(id, trial), verb: verb, delay: delay)
    }

    private mutating func silence(_ trial: Trial) -> Operation {
        switch dice.roll(3) {
        case 0: .silence(consumer: nil, job: nil)
        case 1: .silence(consumer: consumer(), job: nil)
        default: .silence(consumer: consumer(), job: job(trial) { $0.run != nil })
        }
    }

    private mutating func renew(_ trial: Trial) -> Operation {
        let consumer = consumer()
        let known = (trial.known[consumer] ?? [:]).keys.sorted()
        return .renew(
            consumer: consumer, forgotten: known.filter { _ in dice.chance(15) }.map { symbol($0, trial) },
            types: dice.chance(25) ? Self.types : ["t1", "t2"], isFinal: dice.chance(15))
    }

    private mutating func configure(_ model: Reference) -> Operation {
        let set = model.settings.keys.filter { $0.hasPrefix("concurrency") || $0.hasPrefix("rate") }.sorted()
        var settings = dice.chance(50) ? set.map { Operation.Setting(name: $0, value: "0") } : []
        if hasLimits { settings += limits() }
        if dice.chance(25) { settings.append(.init(name: "fair", value: dice.pick(["yes", "no"]))) }
        if dice.chance(15) { settings.append(.init(name: "policy", value: dice.pick(["strict", "weighted"]))) }
        return .configure(settings)
    }
}
