import Foundation
import JSON
import NIOCore
import Penstock

extension JobRecord {
    /// A terminal full, and no more.
    private static let shownBytes = 4096

    /// The facts that there are, a line each.
    var lines: [String] {
        let facts: [(String, String?)] = [
            ("job", id), ("queue", queue), ("type", type), ("state", state.rawValue), ("priority", priority.name),
            ("key", key), ("attempts", "\(attempts)"), ("source", source),
            ("enqueued", enqueuedAt.map(TimeText.text)), ("due", dueAt.map(TimeText.text)),
            ("started", startedAt.map(TimeText.text)), ("finished", finishedAt.map(TimeText.text)),
            ("waited", waitMilliseconds.map { TimeText.age(Double($0) / 1000) }),
            ("ran", runMilliseconds.map { TimeText.age(Double($0) / 1000) }), ("worker", worker),
            ("error", error?.oneLine), ("result", result.map(Self.shown)), ("payload", payload.map(Self.shown)),
        ]
        return facts.compactMap { name, value in
            value.map { "\(name.padding(toLength: 10, withPad: " ", startingAt: 0))\($0)" }
        }
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
            ("priority", .string(priority.name)), ("key", JSONText(key)), ("attempts", .integer(attempts)),
            ("source", JSONText(source)), ("enqueued_at", JSONText(enqueuedAt)), ("due_at", JSONText(dueAt)),
            ("started_at", JSONText(startedAt)), ("finished_at", JSONText(finishedAt)),
            ("run_ms", JSONText(runMilliseconds)),
            ("wait_ms", JSONText(waitMilliseconds)), ("worker", JSONText(worker)), ("error", JSONText(error)),
            ("result", result.map { JSONText(bytes: $0) } ?? .null),
            ("payload", payload.map { JSONText(bytes: $0) } ?? .null),
        ])
    }
}
