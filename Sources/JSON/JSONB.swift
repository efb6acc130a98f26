import NIOCore

/// JSON for a jsonb column of Postgres.
package enum JSONB {
    /// Whether jsonb takes a text, read once without building anything: RFC 8259 in valid UTF-8, no `\u0000`, no half of a
    /// surrogate pair. What only the server can judge (how deep, how big a number) is left to it; this keeps a flood of
    /// bad payloads from being refused row by row.
    package static func accepts(_ text: ByteBuffer) -> Bool {
        text.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes, dialect: .jsonb)
            return (try? scanner.document()) != nil
        }
    }

    /// The text itself, or a JSON string with it where Postgres would not take it: a result is never lost.
    package static func storable(_ text: ByteBuffer) -> ByteBuffer {
        accepts(text) ? text : string(String(buffer: text))
    }

    /// A JSON string with the text in it.
    package static func string(_ text: String) -> ByteBuffer { JSONText.string(text.storable).buffer }
}

extension String {
    /// Postgres's text has no NUL. What cannot be stored is replaced, as a decoder does with what is no character.
    package var storable: String {
        utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
    }
}
