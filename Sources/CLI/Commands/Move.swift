import ArgumentParser
import Penstock

/// `penstock move ID`: another level, another time or another queue.
struct Move: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives a waiting, delayed or parked job another level, time or queue; prints moved ID.")

    @OptionGroup var job: JobOptions

    @Option(
        help: "critical, high, normal or low.", transform: { text throws(OptionFault) in try Self.priority(text) })
    var priority: Priority?

    @Option(
        help: "When it may start, from now; 0s makes it ready at once.",
        transform: { text throws(OptionFault) in try Self.duration(text) })
    var delay: Duration?

    @Option(
        help: "The queue to move it to; it keeps id, level, time, keys and deadline; its attempts begin anew.",
        transform: { text throws(OptionFault) in try Self.queue(text) })
    var to: String?

    func validate() throws {
        if to == nil, priority == nil, delay == nil {
            throw ValidationError("nothing says where to; give --priority, --delay or --to")
        }
        if to != nil, priority != nil || delay != nil {
            throw ValidationError("--to takes neither --priority nor --delay; move the job a second time for those")
        }
    }

    func run() async throws {
        try await job.perform { queue, id, store in
            guard let to else {
                try await queue.move(id, priority: priority, delay: delay)
                return "moved \(id)"
            }
            guard to != queue.name else {
                throw Failure.failed("job \(id) is in queue \(to) already; name another one with --to")
            }
            let target = try await store.existing(to)
            let receipt = try await queue.move(id, to: target)
            guard !receipt.isDuplicate else {
                throw Failure.failed(
                    "queue \(to) has job \(receipt.id) under the same id or unique key; \(id) stays in \(queue.name)")
            }
            return "moved \(id)"
        }
    }
}
