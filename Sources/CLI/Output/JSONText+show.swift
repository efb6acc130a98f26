import Foundation
import JSON
import NIOCore

/// What commands print: nulls are written too, so that scripts find every key.
extension JSONText {
    init(_ value: Date?) { self = value.map { .string(TimeText.text($0)) } ?? .null }

    /// Bytes as they are if they are JSON, else as a string; those that are no text in base64.
    init(bytes: ByteBuffer) {
        if let text = String(validating: bytes.readableBytesView, as: UTF8.self) {
            self = (try? RawJSON(bytes)).map { .raw($0.bytes) } ?? .string(text)
        } else {
            self = .string(Data(bytes.readableBytesView).base64EncodedString())
        }
    }
}
