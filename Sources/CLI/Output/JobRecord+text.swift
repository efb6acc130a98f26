import Foundation
import JSON
import NIOCore
import Penstock

extension JobRecord {
    /// A terminal full, and no more.
    private static let shownBytes = 4096

    /// The facts that there are, a line each; then the history of errors, the oldest first.
    var lines: [String] {
        let facts: [(String, String?)] = [
            ("job", id), ("queue", queue), ("type", type),
            ("state", isCancelling ? "\(state.rawValue), its cancellation asked for" : state.rawValue),
            ("priority", priority.name), ("key", key), ("unique", unique?.oneLine), ("attempts", "\(attempts)"),
            ("crashes", crashes > 0 ? "\(crashes)" : nil), ("snoozes", snoozes > 0 ? "\(snoozes)" : nil),
            ("source", source), ("enqueued", enqueuedAt.map(TimeText.text)), ("due", dueAt.map(TimeText.text)),
            ("started", startedAt.map(TimeText.text)), ("finished", finishedAt.map(TimeText.text)),
            ("waited", waitMilliseconds.map { TimeText.age(Double($0) / 1000) }),
            ("ran", runMilliseconds.map { TimeText.age(Double($0) / 1000) }), ("worker", worker),
            ("error", error?.oneLine), ("note", note?.oneLine),
            ("resolved", resolvedAt.map(TimeText.text)), ("result", result.map(Self.shown)),
            ("payload", payload.map(Self.shown)),
        ]
        let lines = facts.compactMap { name, value in value.map { Self.line(name, $0) } }
        return lines + failures.map { Self.line("failed", $0.text) }
    }

    private static func line(_ name: String, _ value: String) -> String {
        "\(name.padding(toLength: 10, withPad: " ", startingAt: 0))\(value)"
    }

    private static func shown(_ bytes: ByteBuffer) -> String {
        let count = bytes.readableBytes
        guard let text = bytes.getString(at: bytes.readerIndex, length: min(count, shownBytes)) else { return "" }
        return count > shownBytes ? "\(text)… (\(count) bytes)" : text
    }

    /// With the names of the API.
    var json: JSONText {
        .object([
            ("id", .string(id)), ("queue", .string(queue)), ("type", .string(type)), ("state", .string(state.rawValue)),
            ("priority", .string(priority.name)), ("key", JSONText(key)), ("unique", JSONText(unique)),
            ("attempts", .integer(attempts)), ("crashes", .integer(crashes)), ("snoozes", .integer(snoozes)),
            ("cancelling", .boolean(isCancelling)), ("source", JSONText(source)),
            ("enqueued_at", JSONText(enqueuedAt)), ("due_at", JSONText(dueAt)),
            ("started_at", JSONText(startedAt)), ("finished_at", JSONText(finishedAt)),
            ("run_ms", JSONText(runMilliseconds)),
            ("wait_ms", JSONText(waitMilliseconds)), ("worker", JSONText(worker)), ("error", JSONText(error)),
            ("failures", .array(failures.map(\.json))), ("note", JSONText(note)), ("resolved_at", JSONText(resolvedAt)),
            ("result", result.map { JSONText(bytes: $0) } ?? .null),
            ("payload", payload.map { JSONText(bytes: $0) } ?? .null),
        ])
    }
}

extension JobRecord.Failure {
    /// One of the history: when, after how many attempts, where, what.
    fileprivate var text: String {
        "\(TimeText.text(at)), attempt \(attempt)\(worker.map { ", \($0)" } ?? ""): \(error.oneLine)"
    }

    fileprivate var json: JSONText {
        .object([
            ("at", JSONText(at)), ("attempt", .integer(attempt)), ("error", .string(error)),
            ("worker", JSONText(worker)),
        ])
    }
}
