import Foundation
import NIOCore

/// JSON that commands print and logs write: members in the order given, nulls included, so that scripts find every key.
indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    /// Text that already is JSON.
    case raw(String)
    case array([JSON])
    case object([(String, JSON)])

    init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    init(_ value: Int?) { self = value.map { .integer($0) } ?? .null }
    init(_ value: Double?) { self = value.map { .number($0) } ?? .null }
    init(_ value: Date?) { self = value.map { .string(TimeText.text($0)) } ?? .null }

    /// Bytes as they are if they are JSON, else as a string; those that are no text in base64.
    init(bytes: ByteBuffer) {
        let data = Data(bytes.readableBytesView)
        guard let text = String(validating: data, as: UTF8.self) else {
            self = .string(data.base64EncodedString())
            return
        }
        let isJSON = (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil
        self = isJSON ? .raw(text) : .string(text)
    }

    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? String(value) : "null"
        case .string(let value): Self.quoted(value)
        case .raw(let value): value
        case .array(let values): "[\(values.map(\.text).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ","))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // Every string can be encoded.
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
