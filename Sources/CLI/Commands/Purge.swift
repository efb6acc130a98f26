import ArgumentParser
import Penstock

/// `penstock purge QUEUE`.
struct Purge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cancels what waits, is delayed or parked; dead letters only with --state dead. Asks first.")

    static let states: [JobState] = [.waiting, .delayed, .parked, .dead]

    @OptionGroup var queue: QueueOptions

    @Option(
        help: "Only waiting, delayed, parked or dead jobs.",
        transform: { text throws(OptionFault) in try Self.word(text, "purgeable state", among: states)
        })
    var state: JobState?

    @OptionGroup var part: TypeOption

    @Flag(help: "Do not ask.")
    var yes = false

    func run() async throws {
        try await queue.perform { queue in
            let question = Self.question(try await queue.backlog(), state: state, type: part.type)
            if !yes, try !Terminal.agrees(question) { return "nothing is purged" }
            return "purged \(try await queue.purge(state: state, type: part.type))"
        }
    }

    /// What will be lost: by state, because nothing counts jobs by type.
    static func question(_ backlog: Backlog, state: JobState?, type: String?) -> String {
        let counts = [
            (JobState.waiting, backlog.waiting), (.delayed, backlog.delayed), (.parked, backlog.parked),
            (.dead, backlog.dead),
        ]
        let meant = counts.filter { $0.0 == state || state == nil && $0.0 != .dead }
        let text = meant.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
        let verb = state == .dead ? "removes" : "cancels"
        guard let type else { return "purge \(verb) \(text) of queue \(backlog.queue) for good" }
        return "purge \(verb) the jobs of type \(type) among \(text) of queue \(backlog.queue) for good"
    }
}
