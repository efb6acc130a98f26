import Redis
import Testing

/// One sentence that says where a job is and what it waits for.
@Suite struct WhyTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    /// What is done to a queue whose job `a`, of type `t` and key `k`, is asked about, and what is then said of it.
    enum Situation: String, CaseIterable {
        case waits, behind, farBehind, returned, paused, bound, queueFull, queueRate, typePaused, keyFull, typeFull
        case keyRate, singleton, letIn, fair, unhandled, moving, delayed, due, retried, snoozed, running, cancelling
        case dead, unreadable, parkedAndPaused, twoLimits, delayedAndPaused

        var sentence: String {
            switch self {
            case .waits: "waits at level normal, 0 jobs of it before this one; a worker with a free slot claims it"
            case .behind: "waits at level low, 2 jobs of it before this one; a worker with a free slot claims it"
            case .farBehind:
                "waits at level normal, more than 1000 jobs of it before this one; a worker with a free slot claims it"
            case .returned: "waits at level returned, 0 jobs of it before this one; a worker with a free slot claims it"
            case .paused: "waits at level normal, 0 jobs of it before this one: the queue is paused; resume it"
            case .bound:
                "waits at level normal, 0 jobs of it before this one: the queue has 1 unrecorded event, its bound: "
                    + "start a sink, or look at Postgres"
            case .queueFull:
                "waits at level normal, 0 jobs of it before this one: the queue has 1 run of at most 1; "
                    + "one starts when one of them ends"
            case .queueRate:
                "waits at level normal, 0 jobs of it before this one: the rate of the queue is used up; "
                    + "the next start is in 60 s"
            case .typePaused: "is parked at level normal, 0 jobs of its lane before it: its type t is paused; resume it"
            case .keyFull:
                "is parked at level normal, 1 job of its lane before it: its key k has 1 run of at most 1; one starts when one of them ends"
            case .typeFull:
                "is parked at level normal, 0 jobs of its lane before it: its type t has 1 run of at most 1; one starts when one of them ends"
            case .keyRate:
                "is parked at level normal, 0 jobs of its lane before it: the rate of its key k is used up; the next start is in 2.5 s"
            case .singleton:
                "is parked at level normal, 0 jobs of its lane before it: an earlier job of its unique key still runs; "
                    + "it starts when that run ends"
            case .letIn:
                "is parked at level normal, 0 jobs of its lane before it: its limits have room, the next claim looks at it"
            case .fair: "waits at level normal, 1 job of it before this one; a worker with a free slot claims it"
            case .unhandled: "is parked: no worker runs its type t; start one"
            case .moving:
                "is on its way to queue elsewhere; repeat the move; "
                    + "move it back with a delay of 0 only if that queue has no such job"
            case .delayed: "is delayed at level normal, due in 5.0 s (at DUE)"
            case .due: "is delayed at level normal and is due; the next claim or sweep lets it in"
            case .retried: "waits for attempt 2 at level normal, due in 250 ms (at DUE), after: no route"
            case .snoozed: "was snoozed at level normal, due in 90 s (at DUE)"
            case .running: "runs at level normal on w9 for TIME, attempt 1; its lease was renewed TIME ago"
            case .cancelling:
                "runs at level normal, its cancellation asked for, on w9 for TIME, attempt 2; its lease was renewed TIME ago"
            case .dead: "is dead since 61 s: no such user; requeue or resolve it"
            case .parkedAndPaused:
                "is parked at level normal, 0 jobs of its lane before it: the queue is paused; resume it"
            case .twoLimits:
                "is parked at level normal, 0 jobs of its lane before it: its key k has 1 run of at most 1; "
                    + "one starts when one of them ends; and its type t is paused; resume it"
            case .delayedAndPaused: "is delayed at level normal, due in 5.0 s (at DUE); the queue is paused"
            case .unreadable: "cannot be read; the next claim that meets it buries it"
            }
        }
    }

    @Test("a sentence for each situation", arguments: Situation.allCases)
    func situations(situation: Situation) async throws {
        try await arrange(situation)
        let due = try await queue.job("a")?["due"] ?? "none"
        let said = try await queue.why("a").replacing(due, with: "DUE")
        let isRunning = situation == .running || situation == .cancelling
        // How long it runs is of Redis's own clock.
        let sentence = isRunning ? said.replacing(/(for|renewed) [0-9.]+ m?s/) { "\($0.output.1) TIME" } : said
        #expect(sentence == "job a \(situation.sentence)")
        // A second word for those that a worker would claim now.
        let lack = try await queue.reply("why", ["a"], readOnly: true).strings?.dropFirst()
        let lacks: [Situation] = [.waits, .behind, .farBehind, .returned, .letIn, .fair]
        #expect(lack == (lacks.contains(situation) ? ["claim"] : []))
    }

    @Test func `a run tells since when it runs and when it was renewed`() async throws {
        try await add()
        try await queue.age(queue.claimOne(by: "w9"), 90_000)
        #expect(
            try await queue.why("a")
                == "job a runs at level normal on w9 for 90 s, attempt 1; its lease was renewed 90 s ago")
    }

    @Test func `a job that is not there is UNKNOWN`() async throws {
        #expect(try await queue.refusal("why", ["nobody"]) == "UNKNOWN")
        #expect(try await queue.refusal("why", []) == "UNKNOWN")
    }

    private func add(_ options: String..., id: String = "a") async throws {
        _ = try await queue.reply("enqueue", ["t", "{}", "id", id, "key", "k"] + options)
    }

    private func arrange(_ situation: Situation) async throws {
        switch situation {
        case .waits: try await add()
        case .behind: for id in ["x", "y", "a"] { try await add("priority", "low", id: id) }
        case .farBehind:
            try await queue.fill(1_001)
            try await add()
        case .paused:
            try await add()
            try await queue.call("pause")
        case .bound:
            try await queue.config("record", "yes", "maxEvents", "1")
            try await add(id: "x")
            #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
            try await add()
        case .queueFull: try await stopped(by: ["concurrency", "1"])
        case .queueRate: try await stopped(by: ["rate", "1/60000"])
        case .typePaused:
            try await queue.call("pause", "type", "t")
            try await stopped(by: [])
        case .keyFull: try await stopped(by: ["concurrency:key", "1"], "y")
        case .typeFull: try await stopped(by: ["concurrency:type:t", "1"])
        case .keyRate: try await stopped(by: ["rate:key:k", "2/5000"])
        case .singleton:
            try await add("unique", "u", "singleton", "cancel", id: "x")
            #expect(try await queue.claimed() == ["x"])
            try await add("unique", "u", "singleton", "cancel")
            #expect(try await queue.claimed() == [])
        case .parkedAndPaused:
            try await stopped(by: ["concurrency:key", "1"])
            try await queue.call("pause")
        case .twoLimits:
            try await stopped(by: ["concurrency:key", "1"])
            try await queue.call("pause", "type", "t")
            #expect(try await queue.claimed() == [])
        case .delayedAndPaused:
            try await add("delay", "5000")
            try await queue.call("pause")
        case .letIn:
            try await stopped(by: ["concurrency:key", "1"])
            #expect(try await queue.settle(queue.claimAgain("x").completes) == ["OK"])
        case .fair:
            try await queue.config("fair", "yes")
            for id in ["x", "a", "y"] { try await add(id: id) }
        case .moving:
            try await add()
            try await queue.call("depart", "a", "elsewhere")
        case .delayed: try await add("delay", "5000")
        case .due:
            try await add("delay", "5000")
            try await queue.pass(5_000)
        default: try await arrangeRun(situation)
        }
    }

    private func arrangeRun(_ situation: Situation) async throws {
        try await add()
        let run = try await queue.claimOne(by: "w9")
        switch situation {
        case .returned: #expect(try await queue.settle(run.ends("release")) == ["OK"])
        case .unhandled: #expect(try await queue.settle(run.ends("unhandled")) == ["OK"])
        case .retried: #expect(try await queue.settle(run.ends("retry", "250", "no route")) == ["OK"])
        case .snoozed: #expect(try await queue.settle(run.ends("snooze", "90000")) == ["OK"])
        case .cancelling:
            #expect(try await queue.settle(run.ends("retry", "0", "e")) == ["OK"])
            _ = try await queue.claimOne(by: "w9")
            try await queue.call("cancel", "a")
        case .dead:
            #expect(try await queue.settle(run.ends("dead", "no such user")) == ["OK"])
            try await queue.pass(61_000)
        case .unreadable: try await queue.poison("a", "garbage")
        default: break
        }
    }

    /// Makes a limit stop `a`, behind these others, while `x` runs.
    private func stopped(by settings: [String], _ others: String...) async throws {
        _ = try await queue.reply("configure", settings)
        for id in ["x"] + others + ["a"] { try await add(id: id) }
        _ = try await queue.claimed()
        if settings.isEmpty { try await queue.call("cancel", "x") }
    }
}
