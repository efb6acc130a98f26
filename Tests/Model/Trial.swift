/// One sequence on one queue: carries operations out on Redis and on the model, and compares.
package struct Trial {
    let queue: String
    let wire: Wire
    var model: Reference
    var seen: Snapshot?
    /// The id of each symbol that is not one itself.
    var ids: [String: String] = [:]
    /// The last run of each job that a consumer was handed, also if it is over.
    var known: [String: [String: KnownRun]] = [:]
    var lastEnds: [String: [Settlement]] = [:]
    private var lastEvent = "0-0"
    /// What was sent, for a script that a person can replay.
    var sent: [[String]] = []
    /// Of the last turn.
    private(set) var reply: TurnReply?

    init(queue: String, site: Site) throws(Mismatch) {
        self.queue = queue
        wire = site.wire
        model = Reference(now: Variant.start, seals: site.seals)
        _ = try exchange([["SET", Variant.clockKey, "\(Variant.start)"]])
    }

    package mutating func play(_ operations: [Operation]) -> Failure? {
        for (step, operation) in operations.enumerated() {
            do { try perform(operation) } catch { return Failure(step: step, text: error.description) }
        }
        do { try letRun() } catch { return Failure(step: operations.count, text: error.description) }
        return nil
    }

    func id(_ symbol: String) -> String { ids[symbol] ?? symbol }
    func key(_ name: String) -> String { "penstock:{\(queue)}:\(name)" }
    func call(_ function: String, _ words: [String]) -> [String] {
        ["FCALL", "penstock_\(function)", "1", queue] + words
    }

    /// Sends commands and a look at everything in one write.
    mutating func exchange(_ commands: [[String]]) throws(Mismatch) -> ([Answer], Snapshot) {
        sent.append(contentsOf: commands)
        let answers = try wire.send(commands + Snapshot.commands(queue: queue, after: lastEvent))
        for (command, answer) in zip(commands, answers) where answer.code == "ERR" {
            throw Mismatch("\(command.prefix(6).joined(separator: " ")): \(answer.text)")
        }
        let snapshot = Snapshot(answers[commands.count...], before: seen)
        if let event = snapshot.events.last { lastEvent = event.id }
        return (Array(answers[..<commands.count]), snapshot)
    }

    /// One command whose reply the model foretells.
    mutating func ask(_ command: [String], _ foretell: (inout Reference, Answer) throws(Mismatch) -> Void)
        throws(Mismatch)
    {
        let (answers, snapshot) = try exchange([command])
        try foretell(&model, answers[0])
        try conclude(snapshot)
    }

    /// The step is over: its events must be those that the model wants, and so must everything else.
    mutating func conclude(_ snapshot: Snapshot, mayMove: Bool = false, others: [Snapshot.Event] = []) throws(Mismatch)
    {
        if !mayMove {
            let subjects = snapshot.events.map(\.subject).sorted()
            try expect(subjects, is: model.expected.sorted(), "the events")
        }
        for event in snapshot.events {
            let run = event.fields["run"].map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
            try expect(run, is: model.ended[event.subject], "the run in the event \(event.subject)")
        }
        model.expected = []
        model.ended = [:]
        seen = snapshot
        try model.compare(snapshot, mayMove: mayMove)
    }

    /// Settles, claims; `learns` unless the reply is lost.
    mutating func turn(
        _ consumer: String, want: Int, ends: [Settlement], isAgain: Bool = false, learns: Bool = true,
        isWoken: Bool = false
    ) throws(Mismatch) {
        let words = [consumer, "\(want)"] + (isAgain ? ["again"] : []) + ends.flatMap(\.words)
        let (answers, snapshot) = try exchange((isWoken ? [["ZPOPMIN", key("bell")]] : []) + [call("turn", words)])
        let reply = try TurnReply(answers[answers.count - 1])
        var settled: [String] = []
        for end in ends { settled.append(model.settle(end, isAgain: isAgain)) }
        try expect(reply.answers, is: settled, "the answers to \(ends.map { "\($0.run.id) \($0.verb)" })")
        model.promote()
        var others = snapshot.events
        for subject in model.expected {
            guard let at = others.firstIndex(where: { $0.subject == subject }) else {
                throw Mismatch("no event says \(subject)")
            }
            others.remove(at: at)
        }
        try model.accept(reply, consumer: consumer, want: want, seen: snapshot, others: others)
        self.reply = reply
        if learns { for handed in reply.runs { known[consumer, default: [:]][handed.run.id] = handed.run } }
        lastEnds[consumer] = ends
        try conclude(snapshot, mayMove: true)
    }
}
