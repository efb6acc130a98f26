import ArgumentParser
import JSON
import Penstock

/// `penstock keys QUEUE`: for services that want every key declared, and for people who look into Redis.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists all keys that a queue can have in Redis, with type and meaning; needs no server.")

    @Argument(help: "The queue.", transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String

    @Flag(help: "Print one line of JSON for each.")
    var json = false

    func run() async throws {
        // Connects to nothing.
        let keys = try Queue(queue, in: Store(url: RedisOption.standard)).keys
        if json {
            return try Terminal.write(
                keys.map {
                    JSONText.object([
                        ("key", .string($0.name)), ("type", .string($0.type)), ("meaning", .string($0.meaning)),
                    ]).text
                })
        }
        var table = Table([("KEY", .left), ("TYPE", .left), ("MEANING", .left)])
        for key in keys { table.add([key.name, key.type, key.meaning]) }
        try Terminal.write(table.lines)
    }
}
