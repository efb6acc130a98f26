import ArgumentParser
import Penstock

/// `penstock resolve ID --note TEXT`.
struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes a dead letter that a person has dealt with out of Redis; the note goes to Postgres.")

    @OptionGroup var job: JobOptions

    @Option(
        help: "What was done about it.", transform: { text throws(OptionFault) in try Self.text(text, 1...1000) })
    var note: String

    func run() async throws {
        try await job.perform { queue, id, _ in
            try await queue.resolve(id, note: note)
            return "resolved \(id)"
        }
    }
}
