import ArgumentParser
import JSON
import Penstock

/// `penstock backlog [QUEUE]`: how much waits, how long, and whether it becomes less.
struct ShowBacklog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backlog",
        abstract: "Shows how much waits and runs in each queue, how fast, and when it will be done.")

    @Argument(
        help: "One queue; without it all that are known.",
        transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String?

    @Flag(help: "Show it again each second until Ctrl-C.")
    var watch = false

    @Flag(help: "Print one line of JSON.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let url = redis.url(Environment.settings)
        let store = try await Store.reached(url)
        var earlier = try await look(store)
        if watch, !json, Terminal.isInteractive { try Terminal.clear() }
        repeat {
            // The rates need two looks; without a queue there is nothing to look at twice.
            if watch || !earlier.isEmpty { try await Task.sleep(for: .seconds(1)) }
            let now = try await look(store)
            try show(now.sorted { $0.key < $1.key }.map { BacklogSample($1, after: earlier[$0]) }, store: store)
            earlier = now
        } while watch
        await store.shutdown()
    }

    private func look(_ store: Store) async throws -> [String: Backlog] {
        var backlogs: [String: Backlog] = [:]
        for queue in try await store.chosen(queue) { backlogs[queue.name] = try await queue.backlog() }
        return backlogs
    }

    private func show(_ samples: [BacklogSample], store: Store) throws(Failure) {
        if json {
            return try Terminal.write([JSONText.object([("queues", .array(samples.map(\.json)))]).text])
        }
        var lines = samples.lines(showsAllLevels: queue != nil)
        if samples.isEmpty {
            lines = [
                "no queue is known in \(store.label); the first job makes one: penstock enqueue github echo '{\"a\":1}'"
            ]
        }
        if watch, Terminal.isInteractive {
            try Terminal.redraw(lines)
        } else {
            try Terminal.write(watch ? lines + [""] : lines)
        }
    }
}
