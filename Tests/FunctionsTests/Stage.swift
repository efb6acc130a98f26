import Redis
import Testing

/// One job, `j`, with a key under a limit of one run and a unique key, brought into a state by the functions themselves.
struct Stage: Sendable {
    static let id = "j"
    static let options = ["id", id, "key", "k", "unique", "u"]
    /// What `none` and the rest are called in `docs/states.md`; a job is `cancelling` while it runs and its cancellation is asked for.
    static let states = [
        "none", "waiting", "delayed", "parked", "running", "cancelling", "completed", "dead", "cancelled",
    ]

    let queue: TestQueue
    /// The job's run, if it has one; else words that name none.
    private(set) var run = Run(
        consumer: "w", level: "normal", entry: "1-1", id: id, line: "{}", payload: .init())
    /// The run that has the slot of the key, where the job is parked behind it.
    private(set) var other: Run?

    init(_ state: String, in queue: TestQueue, options extra: [String] = []) async throws {
        self.queue = queue
        try await queue.config("record", "yes", "concurrency:key", "1")
        if state == "none" { return }
        if state == "parked" {
            try await queue.enqueue("t", "{}", "key", "k")
            other = try await queue.claimOne(by: "other")
        }
        let delay = state == "delayed" ? ["delay", "60000"] : []
        _ = try await queue.reply("enqueue", ["t", "{}"] + Self.options + delay + extra)
        switch state {
        case "waiting", "delayed": break
        case "parked": _ = try await queue.turn(1, by: "w")
        case "cancelled": try await queue.call("cancel", Self.id)
        default:
            try await start()
            switch state {
            case "cancelling": try await queue.call("cancel", Self.id)
            case "completed": try await end("completed", "")
            case "dead": try await end("dead", "broken")
            default: break
            }
        }
    }

    /// Claims the job.
    mutating func start() async throws { run = try await queue.claimOne(by: "w") }

    /// Settles the job's run, and answers `OK` or `LOST`.
    @discardableResult
    func end(_ verb: String, _ arguments: String...) async throws -> String {
        let outcome = run.name + ["1000", "5", verb] + arguments
        return try await queue.settle(outcome, by: "w").first ?? "nothing"
    }

    /// What can be seen of the job from outside.
    struct Sight: Equatable {
        var state = "none"
        var attempts = 0
        var crashes = 0
        var holdsSlot = false
        /// `held` while the job lives, `done` until the window's end, `free`, or `other` job's.
        var unique = "free"
        /// The kinds of its events, the oldest first.
        var events: [String] = []
    }

    func look() async throws -> Sight {
        var sight = Sight()
        let events = try await queue.events().filter { $0["id"] == Self.id }
        sight.events = events.compactMap { $0["kind"] }
        var header = Run.fields(events.last?["header"] ?? "{}")
        if let job = try await queue.job(Self.id) {
            header = Run.fields(job["header"] ?? "{}")
            sight.state = header["cancel"] == nil ? job["state"] ?? "none" : "cancelling"
        } else if let last = sight.events.last, ["completed", "cancelled"].contains(last) {
            sight.state = last
        }
        sight.attempts = Int(header["attempt"] ?? "0") ?? 0
        sight.crashes = Int(header["crashes"] ?? "0") ?? 0
        let run = "\(header["stream"] ?? header["priority"] ?? "normal") \(header["entry"] ?? "-")"
        sight.holdsSlot = try await queue.integer("HEXISTS", queue.key("holds"), run) == 1
        let held = try await queue.redis("HGET", queue.key("unique"), "u").string?.split(separator: " ") ?? []
        if held.count == 3 { sight.unique = held[2] != Self.id ? "other" : held[1] == "done" ? "done" : "held" }
        return sight
    }
}
