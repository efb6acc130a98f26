/// One step of a sequence. Each is a line of text too, so that a person can read a failing sequence, and replay it.
///
/// Jobs are named by symbols: `j7` is a job whose id its producer gave, `g7` one whose id the queue made, `x7` a plain XADD,
/// `r7` an entry that makes no sense. So an operation means the same in a sequence from which others were taken out.
package enum Operation: Sendable, Equatable {
    case enqueue(Draft)
    case enqueueMany([Draft])
    /// A plain XADD into a level's stream; junk if it has no type.
    case add(symbol: String, level: String, type: String?)
    /// Settles runs of the consumer and claims up to `want`. `isLost`: its reply never arrives.
    case turn(consumer: String, want: Int, ends: [End], isLost: Bool)
    /// What the consumer settled last, sent once more.
    case again(consumer: String, want: Int)
    /// The bell wakes an idle worker with room for `want`, as often as it rings.
    case wake(consumer: String, want: Int)
    /// The leases of a consumer's runs are over: it has crashed, or sleeps. Of all consumers, of all its runs or of one.
    case silence(consumer: String?, job: String?)
    case renew(consumer: String, forgotten: [String], types: [String], isFinal: Bool)
    case recover
    case sweep
    /// Time passes; backwards, when another server with another clock takes over.
    case pass(Int)
    case cancel(String)
    case move(String, level: String?, delay: Int?)
    case requeue(String, delay: Int?)
    case resolve(String)
    case depart(String)
    case departed(String)
    case purge(state: String?, type: String?)
    case configure([Setting])
    case pause(type: String?)
    case resume(type: String?)
    case drain
    /// The sink records all events.
    case record
    /// What an operator sees: the job, why it does not run, the counts.
    case look(String)
    /// A job's header is overwritten with junk.
    case spoil(String)
    /// A mistake that the check must find, and the repair mend.
    case damage(Damage, String)

    package struct Setting: Sendable, Equatable {
        let name: String
        let value: String
    }

    package enum Damage: String, Sendable, CaseIterable {
        case orphanDelayed, orphanParked, orphanBody, slots, hold, unheld, counter, nowhere, twice, stray, shut
    }
}

/// A job as its producer sends it.
package struct Draft: Sendable, Equatable {
    var symbol: String
    var type: String
    /// A payload's text is its number; one with a size is filled up to that.
    var payload: String
    var options: [Operation.Setting]

    var isNamed: Bool { symbol.hasPrefix("j") }

    subscript(_ name: String) -> String? { options.first { $0.name == name }?.value }

    var body: String {
        let parts = payload.split(separator: "x")
        guard parts.count == 2, let size = Int(parts[1]) else { return payload }
        return payload + String(repeating: ".", count: max(0, size - payload.utf8.count))
    }

    /// The words of an enqueue.
    var words: [String] {
        [type, body] + (isNamed ? ["id", symbol] : []) + options.flatMap { [$0.name, $0.value] }
    }
}

/// How one run ends: the last that its consumer was handed of this job, also if it is the consumer's no longer.
package struct End: Sendable, Equatable {
    var job: String
    var verb: String
    /// Of a retry or a snooze.
    var delay: Int?
}
