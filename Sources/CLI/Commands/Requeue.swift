import ArgumentParser
import Penstock

/// `penstock requeue ID`, or `--all` that fit.
struct Requeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives a dead letter, or all that fit, a new life with all attempts.")

    @Argument(help: "The dead job's id; or --all.")
    var id: String?

    @Flag(help: "All dead letters of --queue, or of every known queue, that fit the filters.")
    var all = false

    @OptionGroup var letters: DeadOptions

    @Option(
        help: "With --all: so many of each queue become ready in a second.",
        transform: { text throws(OptionFault) in try Self.number(text, 1...1_000_000) })
    var rate: Int?

    @Option(
        help: "With an id: earliest start from now, such as 10s.",
        transform: { text throws(OptionFault) in try Self.duration(text) })
    var delay: Duration?

    @OptionGroup var place: PlaceOptions

    func validate() throws {
        if all == (id != nil) {
            throw ValidationError("it has to be known which; give either the id of a dead job or --all")
        }
        if id != nil, letters.filter != DeadFilter() || rate != nil {
            throw ValidationError("--type, --error, --from, --to and --rate choose among many; give them with --all")
        }
        if all, delay != nil { throw ValidationError("--delay is for one job; with --all give --rate") }
    }

    func run() async throws {
        let store = try await place.store()
        var lines: [String] = []
        if let id {
            lines = [try await requeue(id, in: store)]
        } else {
            let queues = try await store.chosen(place.queue)
            for queue in queues {
                let done = try await queue.requeue(where: letters.filter, rate: rate)
                let rest = done.duplicates
                let stays = "; \(rest) \(rest == 1 ? "stays" : "stay") dead: another job has the unique key"
                lines.append("\(queue.name): \(done.queued) requeued\(rest > 0 ? stays : "")")
            }
            if queues.isEmpty { lines = ["no queue is known in \(store.label)"] }
        }
        await store.shutdown()
        try Terminal.write(lines)
    }

    private func requeue(_ id: String, in store: Store) async throws -> String {
        let queue = try await place.home(of: id, in: store)
        let receipt: Receipt
        do {
            receipt = try await queue.requeue(id, delay: delay)
        } catch QueueError.invalid(let text) {
            throw Failure.failed("\(text); penstock job shows what it is")
        }
        guard !receipt.isDuplicate else {
            throw Failure.failed(
                "job \(receipt.id) has taken the unique key meanwhile; resolve \(id), or requeue it after that one")
        }
        return "queued \(receipt.id)"
    }
}
