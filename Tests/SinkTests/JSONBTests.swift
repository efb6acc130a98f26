import JSON
import NIOCore
import Testing

@testable import Sink

@Suite(.serialized) struct JSONBTests {
    static let texts: [String] = [
        #"{}"#, #"[]"#, #""""#, "0", "-0", "-", "1", "01", "1.", "1.5", ".5", "1e5", "1E+5", "1e", "1e+", "-1.25e-3",
        "+1",
        "true", "false", "null", "nul", "True", "nulls", "", " ", " 1 ", "\u{A0}1", "\t\n\r 1", "\u{0B}1", "1 2",
        "[1 2]",
        "[1,]", "[,1]", "[1,2", "[1]]", "[[],[[]],{}]", "[[}", "{]", #"{"a":1}"#, #"{"a":1,}"#, #"{,}"#, #"{"a"}"#,
        #"{"a":}"#, #"{"a" : [ 1 , { "b" : null } ] , "c" : "d" }"#, #"{a:1}"#, #"{"a":1 "b":2}"#, #"{1:2}"#,
        #"["a":1]"#,
        #""\"\\\/\b\f\n\r\t""#, #""\x""#, #""\"#, #""\u00e9""#, #""\u00E9""#, #""\u00g9""#, #""\u00e""#, #""\u0000""#,
        #""\\u0000""#, #""\\\u0000""#, #""\ud83d\ude00""#, #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#,
        #""\ud83d\u0041""#, "\"tab\there\"", "\"line\nbreak\"", "\"\u{7F}\"", "\"é€😀\"", "é", "{\"é\":\"\u{FFFF}\"}",
        "'a'",
        "NaN", "Infinity", "\u{FEFF}1", "/**/1", "1\0", "\0", "\"\0\"", "[1]x", "{\"a\":1}{\"b\":2}",
    ]

    /// Overlong forms, surrogates, what is beyond Unicode, characters cut short, and what is just within.
    static let sequences: [[UInt8]] = [
        [0xC3, 0xA9], [0xC3], [0xC3, 0x28], [0xC0, 0x80], [0xC1, 0xBF], [0x80], [0xBF], [0xE2, 0x82, 0xAC],
        [0xE2, 0x82],
        [0xE0, 0x80, 0x80], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xEF, 0xBF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x8F, 0xBF, 0xBF],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
    ]

    @Test func `the grammar accepts exactly what jsonb accepts`() async throws {
        let database = try await Database()
        let session = Session(try Address(database.url), name: "grammar")
        var samples = Self.texts.map { ByteBuffer(string: $0) }
        samples += Self.sequences.map { ByteBuffer(bytes: [0x22] + $0 + [0x22]) }
        // A text cut at every byte, and with every byte replaced by some that mean something.
        let text = Array(#"{"a\u00e9":[1,-2.5e3,"\ud83d\ude00"],"é":{"b":null,"c":[true,{}]}} "#.utf8)
        for cut in text.indices {
            samples.append(ByteBuffer(bytes: text[..<cut]))
            for byte in #"{}[],:"\0 u"#.utf8 {
                var changed = text
                changed[cut] = byte
                samples.append(ByteBuffer(bytes: changed))
            }
        }
        for sample in samples {
            let isAccepted = try await session.perform { connection throws(PostgresError) in
                var parameters = Parameters()
                parameters.add(jsonbs: [sample])
                do throws(PostgresError) {
                    _ = try connection.query("SELECT $1::jsonb[]", parameters, within: .seconds(5))
                    return true
                } catch {
                    guard error.blamesRow else { throw error }
                    return false
                }
            }
            #expect(JSONB.accepts(sample) == isAccepted, "\(String(buffer: sample))")
        }
    }

    @Test func `nesting is followed without recursion`() {
        let depth = 1_000_000
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(JSONB.accepts(ByteBuffer(string: text)))
    }

    @Test(arguments: ["", "plain", "\"quoted\\\"", "line\nbreak\ttab\u{1}\u{1F}", "é😀", "\\u0000"])
    func `a text becomes a JSON string that reads back the same`(text: String) async throws {
        let json = String(buffer: JSONB.string(text)).replacing("'", with: "''")
        #expect(try await Database().text("'\(json)'::jsonb #>> '{}'") == text)
    }
}
