import ArgumentParser
import Penstock

/// The queue that a verb is for.
struct QueueOptions: ParsableArguments {
    @Argument(help: "The queue.", transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String

    @OptionGroup var redis: RedisOption

    /// Does it to a queue that is known, prints the line.
    func perform(_ verb: (Queue) async throws -> String) async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        let line = try await verb(try await store.existing(queue))
        await store.shutdown()
        try Terminal.write([line.oneLine])
    }
}

/// A part of a queue.
struct TypeOption: ParsableArguments {
    @Option(help: "Only jobs of this type.", transform: { text throws(OptionFault) in try Self.jobType(text) })
    var type: String?

    /// The queue, or its part, in words.
    func words(_ queue: Queue) -> String { type.map { "type \($0) of \(queue.name)" } ?? queue.name }
}
