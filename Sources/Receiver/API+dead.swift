import Foundation
import Hummingbird
import JSON
import Logging
import NIOCore
import Penstock

extension API {
    static let filterNames = ["type", "error", "from", "to"]

    /// `GET …/dead`: a page of dead letters, the newest first.
    func deadLetters(of queue: Queue, _ target: String) async throws(Problem) -> Response {
        let form = try Form(
            query: target, known: Self.filterNames + ["count", "before"], numbers: ["from", "to", "count"])
        let filter = try Self.filter(form)
        let count = try form.integer("count", in: 1...100) ?? 100
        let before = try form.text("before", limit: 1024).map(Self.cursor)
        let page = try await ask(queue, invalid: .badRequest) { queue async throws(QueueError) in
            try await queue.deadLetters(filter, count: count, before: before)
        }
        return .json(
            .ok,
            .object([
                ("queue", .string(queue.name)), ("letters", .array(page.letters.map { JSONText($0) })),
                ("next", JSONText(page.next.map { Data($0.utf8).base64EncodedString().urlSafe })),
            ]))
    }

    /// `POST …/dead/requeue`: all that fit, at a rate.
    func requeueDead(of queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let filter = try Self.filter(form)
        let rate = try form.integer("rate", in: 1...1_000_000)
        let facts = { @Sendable (requeued: Queue.Requeued) -> Logger.Metadata in
            ["requeued": "\(requeued.queued)", "duplicates": "\(requeued.duplicates)"]
        }
        let requeued = try await run("requeue", on: queue, facts: facts) { () async throws(QueueError) in
            try await queue.requeue(where: filter, rate: rate)
        }
        guard let requeued else { return Answer("requeuing", status: .accepted, queue: queue.name).response }
        return Answer(
            "requeued", queue: queue.name,
            more: [("requeued", .integer(requeued.queued)), ("duplicates", .integer(requeued.duplicates))]
        ).response
    }

    private static func filter(_ form: Form) throws(Problem) -> DeadFilter {
        DeadFilter(
            type: try form.printable("type", limit: 128), error: try form.text("error", limit: 1024),
            from: try form.time("from"), to: try form.time("to"))
    }

    /// What `next` has hidden: people must not build cursors of their own.
    private static func cursor(_ text: String) throws(Problem) -> String {
        let padded = text.replacing("-", with: "+").replacing("_", with: "/")
        let missing = String(repeating: "=", count: (4 - padded.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded + missing), let cursor = String(validating: data, as: UTF8.self),
            cursor.wholeMatch(of: /[0-9]{1,15} [^\n]{1,512}/) != nil
        else { throw Form.mistake("before", "the next of the page before, as it was") }
        return cursor
    }
}

extension String {
    /// Base64 for a query: without what would have to be encoded there.
    fileprivate var urlSafe: String {
        replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

extension JSONText {
    fileprivate init(_ letter: DeadLetter) {
        self = .object([
            ("id", .string(letter.id)), ("type", .string(letter.type)), ("priority", .string(letter.priority.name)),
            ("attempts", .integer(letter.attempts)), ("error", JSONText(letter.error)),
            ("died_at", JSONText(letter.diedAt)), ("enqueued_at", JSONText(letter.enqueuedAt)),
        ])
    }
}
