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
        var found: [(queue: String, letters: [DeadLetter])] = []
        var cut: [String] = []
        for queue in try await store.chosen(queue) {
            let (letters, isAll) = try await list(queue)
            found.append((queue.name, letters))
            if !isAll { cut.append(queue.name) }
        }
        await store.shutdown()
        if count { return try Terminal.write([String(found.reduce(0) { $0 + $1.letters.count })]) }
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

    /// Up to the limit, which does not hold for a count; and whether these are all.
    private func list(_ queue: Queue) async throws(QueueError) -> ([DeadLetter], isAll: Bool) {
        var letters: [DeadLetter] = []
        var before: String?
        repeat {
            let page = try await queue.deadLetters(self.letters.filter, before: before)
            letters += page.letters
            before = page.next
        } while before != nil && (count || letters.count <= limit)
        guard !count, letters.count > limit else { return (letters, before == nil) }
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
