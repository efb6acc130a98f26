extension Operation: CustomStringConvertible {
    package var description: String {
        let words: [String?]
        switch self {
        case .enqueue(let draft): words = ["enqueue", draft.line]
        case .enqueueMany(let drafts): words = ["enqueue-many", drafts.map(\.line).joined(separator: " + ")]
        case .add(let symbol, let level, let type): words = ["add", symbol, level, type]
        case .turn(let consumer, let want, let ends, let isLost):
            words = ["turn", consumer, "\(want)", isLost ? "lost" : "heard"] + ends.map(\.line)
        case .again(let consumer, let want): words = ["again", consumer, "\(want)"]
        case .wake(let consumer, let want): words = ["wake", consumer, "\(want)"]
        case .silence(let consumer, let job): words = ["silence", consumer, job]
        case .renew(let consumer, let forgotten, let types, let isFinal):
            words = ["renew", consumer, isFinal ? "final" : "live", "types"] + types + ["without"] + forgotten
        case .recover: words = ["recover"]
        case .sweep: words = ["sweep"]
        case .pass(let time): words = ["pass", "\(time)"]
        case .cancel(let job): words = ["cancel", job]
        case .move(let job, let level, let delay): words = ["move", job, level ?? "-", delay.map { "\($0)" } ?? "-"]
        case .requeue(let job, let delay): words = ["requeue", job, delay.map { "\($0)" }]
        case .resolve(let job): words = ["resolve", job]
        case .depart(let job): words = ["depart", job]
        case .departed(let job): words = ["departed", job]
        case .purge(let state, let type): words = ["purge", state ?? "-", type ?? "-"]
        case .configure(let settings): words = ["configure"] + settings.map(\.line)
        case .pause(let type): words = ["pause", type]
        case .resume(let type): words = ["resume", type]
        case .drain: words = ["drain"]
        case .record: words = ["record"]
        case .look(let job): words = ["look", job]
        case .spoil(let job): words = ["spoil", job]
        case .damage(let kind, let job): words = ["damage", kind.rawValue, job]
        }
        return words.compactMap { $0 }.joined(separator: " ")
    }

    /// Reads a line as it is printed; nil if it is no operation.
    package init?(line: String) {
        let words = line.split(separator: " " as Character).map(String.init)
        guard let verb = words.first else { return nil }
        let rest = Array(words.dropFirst())
        func word(_ at: Int) -> String? { at < rest.count && rest[at] != "-" ? rest[at] : nil }
        func number(_ at: Int) -> Int? { word(at).flatMap { Int($0) } }
        switch (verb, rest.count) {
        case ("enqueue", 3...):
            guard let draft = Draft(words: rest) else { return nil }
            self = .enqueue(draft)
        case ("enqueue-many", 3...):
            let drafts = rest.split { $0 == "+" }.map { Draft(words: [String]($0)) }
            guard !drafts.contains(where: { $0 == nil }) else { return nil }
            self = .enqueueMany(drafts.compactMap { $0 })
        case ("add", 2...): self = .add(symbol: rest[0], level: rest[1], type: word(2))
        case ("turn", 3...):
            let ends = rest.dropFirst(3).map { End(line: $0) }
            guard let want = number(1), !ends.contains(where: { $0 == nil }) else { return nil }
            self = .turn(consumer: rest[0], want: want, ends: ends.compactMap { $0 }, isLost: rest[2] == "lost")
        case ("again", 2): self = .again(consumer: rest[0], want: number(1) ?? 0)
        case ("wake", 2): self = .wake(consumer: rest[0], want: number(1) ?? 0)
        case ("silence", _): self = .silence(consumer: word(0), job: word(1))
        case ("renew", 4...):
            guard let split = rest.firstIndex(of: "without") else { return nil }
            self = .renew(
                consumer: rest[0], forgotten: Array(rest[(split + 1)...]), types: Array(rest[3..<split]),
                isFinal: rest[1] == "final")
        case ("recover", 0): self = .recover
        case ("sweep", 0): self = .sweep
        case ("pass", 1): self = .pass(number(0) ?? 0)
        case ("cancel", 1): self = .cancel(rest[0])
        case ("move", 3): self = .move(rest[0], level: word(1), delay: number(2))
        case ("requeue", 1...): self = .requeue(rest[0], delay: number(1))
        case ("resolve", 1): self = .resolve(rest[0])
        case ("depart", 1): self = .depart(rest[0])
        case ("departed", 1): self = .departed(rest[0])
        case ("purge", 2): self = .purge(state: word(0), type: word(1))
        case ("configure", _): self = .configure(rest.compactMap { Setting(line: $0) })
        case ("pause", _): self = .pause(type: word(0))
        case ("resume", _): self = .resume(type: word(0))
        case ("drain", 0): self = .drain
        case ("record", 0): self = .record
        case ("look", 1): self = .look(rest[0])
        case ("spoil", 1): self = .spoil(rest[0])
        case ("damage", 2):
            guard let kind = Damage(rawValue: rest[0]) else { return nil }
            self = .damage(kind, rest[1])
        default: return nil
        }
    }
}

extension Operation.Setting {
    var line: String { "\(name)=\(value)" }

    init?(line: String) {
        guard let split = line.lastIndex(of: "=") else { return nil }
        self.init(name: String(line[..<split]), value: String(line[line.index(after: split)...]))
    }
}

extension Draft {
    var line: String { ([symbol, type, payload] + options.map(\.line)).joined(separator: " ") }

    init?(words: [String]) {
        let options = words.dropFirst(3).map { Operation.Setting(line: $0) }
        guard words.count >= 3, !options.contains(where: { $0 == nil }) else { return nil }
        self.init(symbol: words[0], type: words[1], payload: words[2], options: options.compactMap { $0 })
    }
}

extension End {
    var line: String { "\(job):\(verb)" + (delay.map { ":\($0)" } ?? "") }

    init?(line: String) {
        let parts = line.split(separator: ":").map(String.init)
        guard parts.count >= 2 else { return nil }
        self.init(job: parts[0], verb: parts[1], delay: parts.count > 2 ? Int(parts[2]) : nil)
    }
}
