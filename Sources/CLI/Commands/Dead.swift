import ArgumentParser
import Foundation
import JSON
import Penstock

/// `penstock dead [QUEUE]`: what has failed for good.
struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists dead letters, the newest first; penstock job ID shows all of one.")

    @Argument(
        help: "One queue; without it all that are known.",
        transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String?

    @OptionGroup var letters: DeadOptions

    @Option(
        help: "How many of a queue are listed (100).",
        transform: { text throws(OptionFault) in try Self.number(text, 1...1_000_000) })
    var limit = 100

    @Flag(help: "Print only how many there are.")
    var count = false

    @Flag(help: "Print one line of JSON for each.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        if count { return try await tellCount(store) }
        var found: [(queue: String, letters: [DeadLetter])] = []
        var cut: [String] = []
        for queue in try await store.chosen(queue) {
            let (letters, isAll) = try await list(queue)
            found.append((queue.name, letters))
            if !isAll { cut.append(queue.name) }
        }
        await store.shutdown()
        if json {
            try Terminal.write(found.flatMap { queue, letters in letters.map { $0.json(queue).text } })
        } else {
            let lines = Self.lines(found, showsQueue: queue == nil)
            try Terminal.write(lines.isEmpty ? ["no dead letter fits"] : lines)
        }
        if !cut.isEmpty {
            Terminal.tell(
                "penstock: there are more in \(cut.joined(separator: ", ")); list them with --limit or a filter")
        }
    }

    /// Of all, page by page, so that none is kept.
    private func tellCount(_ store: Store) async throws {
        var count = 0
        for queue in try await store.chosen(queue) {
            var before: String?
            repeat {
                let page = try await queue.deadLetters(letters.filter, before: before)
                count += page.letters.count
                before = page.next
            } while before != nil
        }
        await store.shutdown()
        try Terminal.write([String(count)])
    }

    /// Up to the limit; and whether these are all.
    private func list(_ queue: Queue) async throws(QueueError) -> ([DeadLetter], isAll: Bool) {
        var letters: [DeadLetter] = []
        var before: String?
        repeat {
            let page = try await queue.deadLetters(self.letters.filter, before: before)
            letters += page.letters
            before = page.next
        } while before != nil && letters.count <= limit
        guard letters.count > limit else { return (letters, before == nil) }
        return (Array(letters.prefix(limit)), false)
    }

    private static func lines(_ found: [(queue: String, letters: [DeadLetter])], showsQueue: Bool) -> [String] {
        if found.allSatisfy(\.letters.isEmpty) { return [] }
        var columns: [(title: String, alignment: Table.Alignment)] = [
            ("ID", .left), ("TYPE", .left), ("LEVEL", .left), ("ATTEMPTS", .right), ("DIED", .right), ("ERROR", .left),
        ]
        if showsQueue { columns.insert(("QUEUE", .left), at: 0) }
        var table = Table(columns)
        let now = Date()
        for (queue, letters) in found {
            for letter in letters {
                let cells = [
                    letter.id, letter.type.cut(30), letter.priority.name, "\(letter.attempts)",
                    "\(TimeText.age(now.timeIntervalSince(letter.diedAt))) ago", (letter.error ?? "-").oneLine.cut(60),
                ]
                table.add(showsQueue ? [queue] + cells : cells)
            }
        }
        return table.lines
    }
}

extension DeadLetter {
    /// With the names that `penstock job --json` has.
    fileprivate func json(_ queue: String) -> JSONText {
        .object([
            ("id", .string(id)), ("queue", .string(queue)), ("type", .string(type)),
            ("priority", .string(priority.name)), ("attempts", .integer(attempts)), ("error", JSONText(error)),
            ("enqueued_at", JSONText(enqueuedAt)), ("died_at", JSONText(diedAt)),
        ])
    }
}
