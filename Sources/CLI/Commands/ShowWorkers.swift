import ArgumentParser
import Foundation
import JSON
import Penstock

/// `penstock workers`: who runs jobs.
struct ShowWorkers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Lists the worker processes that live: what they serve and how busy they are.")

    @Flag(help: "Print one line of JSON for each.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        let workers = try await store.workers()
        await store.shutdown()
        if json { return try Terminal.write(workers.map(\.json.text)) }
        guard !workers.isEmpty else {
            return try Terminal.write([
                "no worker lives at \(store.label); start one: penstock run --role worker"
            ])
        }
        var table = Table([
            ("WORKER", .left), ("RUNNING", .right), ("OF", .right), ("SEEN", .right), ("QUEUES", .left),
            ("TYPES", .left),
        ])
        for worker in workers {
            table.add([
                worker.name, "\(worker.running)", "\(worker.concurrency)",
                "\(TimeText.age(Date().timeIntervalSince(worker.seenAt))) ago",
                worker.queues.joined(separator: ",").cut(40), worker.types.joined(separator: ",").cut(60),
            ])
        }
        try Terminal.write(table.lines)
    }
}

extension WorkerRecord {
    fileprivate var json: JSONText {
        .object([
            ("name", .string(name)), ("queues", .array(queues.map { .string($0) })),
            ("types", .array(types.map { .string($0) })), ("concurrency", .integer(concurrency)),
            ("running", .integer(running)), ("seen_at", JSONText(seenAt)),
        ])
    }
}
