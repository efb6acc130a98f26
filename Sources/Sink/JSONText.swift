import NIOCore

/// JSON text for a jsonb column.
enum JSONText {
    /// The text itself, or a JSON string with it where Postgres would not take it: a result is never lost.
    static func storable(_ text: ByteBuffer) -> ByteBuffer {
        JSONGrammar.accepts(text) ? text : string(String(buffer: text))
    }

    /// A JSON string with the text in it.
    static func string(_ text: String) -> ByteBuffer {
        var json = ByteBuffer()
        json.reserveCapacity(text.utf8.count + 2)
        json.writeInteger(UInt8(ascii: "\""))
        for byte in text.storable.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json.writeMultipleIntegers(UInt8(ascii: "\\"), byte)
            case UInt8(ascii: "\n"): json.writeString("\\n")
            case 0..<0x20:
                json.writeString(
                    byte < 0x10 ? "\\u000\(String(byte, radix: 16))" : "\\u001\(String(byte - 16, radix: 16))")
            default: json.writeInteger(byte)
            }
        }
        json.writeInteger(UInt8(ascii: "\""))
        return json
    }
}
