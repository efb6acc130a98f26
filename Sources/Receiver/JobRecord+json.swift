import Foundation
import JSON
import NIOCore
import Penstock

extension JSONText {
    /// A job as the API shows it: times in RFC 3339, what is not known is null.
    init(_ record: JobRecord) {
        self = .object(
            [
                ("id", .string(record.id)), ("queue", .string(record.queue)), ("type", .string(record.type)),
                ("state", .string(record.state.rawValue)), ("priority", .string(record.priority.name)),
                ("key", JSONText(record.key)), ("attempts", .integer(record.attempts)),
                ("source", JSONText(record.source)),
                ("enqueued_at", JSONText(record.enqueuedAt)), ("due_at", JSONText(record.dueAt)),
                ("started_at", JSONText(record.startedAt)), ("finished_at", JSONText(record.finishedAt)),
                ("run_ms", JSONText(record.runMilliseconds)), ("wait_ms", JSONText(record.waitMilliseconds)),
                ("worker", JSONText(record.worker)), ("error", JSONText(record.error)),
                ("unique", JSONText(record.unique)), ("crashes", .integer(record.crashes)),
                ("snoozes", .integer(record.snoozes)), ("cancelling", .boolean(record.isCancelling)),
                ("failures", .array(record.failures.map { JSONText($0) })), ("note", JSONText(record.note)),
                ("resolved_at", JSONText(record.resolvedAt)),
            ] + Self.bytes("result", record.result) + Self.bytes("payload", record.payload))
    }

    private init(_ failure: JobRecord.Failure) {
        self = .object([
            ("at", JSONText(failure.at)), ("attempt", .integer(failure.attempt)), ("error", .string(failure.error)),
            ("worker", JSONText(failure.worker)),
        ])
    }

    /// Bytes under the best name they fit: as JSON, byte for byte; as text; in base64.
    private static func bytes(_ name: String, _ bytes: ByteBuffer?) -> [(name: String, value: JSONText)] {
        guard let bytes else { return [(name, .null)] }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            return [("\(name)_base64", .string(Data(bytes.readableBytesView).base64EncodedString()))]
        }
        if let json = try? RawJSON(bytes) { return [(name, .raw(json.bytes))] }
        return [("\(name)_text", .string(text))]
    }
}
