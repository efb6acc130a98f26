import ArgumentParser
import Penstock

/// The job that a verb is for, and where it is looked for.
struct JobOptions: ParsableArguments {
    @Argument(help: "The job's id.")
    var id: String

    @OptionGroup var place: PlaceOptions

    /// Finds the job's queue, does it, prints the line.
    func perform(_ verb: (Queue, String, Store) async throws -> String) async throws {
        let store = try await place.store()
        let line: String
        do {
            line = try await verb(try await place.home(of: id, in: store), id, store)
        } catch QueueError.invalid(let text) {
            // The options are checked before: what is wrong is the state that the job is in.
            throw Failure.failed(text)
        }
        await store.shutdown()
        try Terminal.write([line.oneLine])
    }
}

/// Where a job is looked for.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: "The job's queue; without it all known queues are searched.",
        transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String?

    @OptionGroup var redis: RedisOption

    func store() async throws(Failure) -> Store { try await Store.reached(redis.url(Environment.settings)) }

    func home(of id: String, in store: Store) async throws -> Queue {
        if let queue { return try Queue(queue, in: store) }
        return try await store.queue(of: id)
    }
}
