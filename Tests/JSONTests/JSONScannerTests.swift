import NIOCore
import Testing

@testable import JSON

@Suite struct JSONScannerTests {
    static let documents = [
        "null", "true", "false", "0", "-0", "12", "-1.5", "1e5", "1E+5", "2.5e-3", #""""#, #""a""#,
        #""\"\\\/\b\f\n\r\t\u00e9\uD83D""#,
        "[]", "{}", "[ ]", "{ }", "[1,2]", " [ 1 , [ ] , { } ] ", #"{"a":1}"#, #"{"a":{"b":[{"c":null}]},"a":2}"#,
        "\t\r\n 1 \n",
        #"{"":""}"#, "\"\u{7F}é\"", "1234567890123456789012345678901234567890",
    ]

    @Test("What is JSON is accepted", arguments: documents)
    func accepts(text: String) throws {
        _ = try RawJSON(ByteBuffer(string: text))
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "+1", "01", "1.", ".5", "1e", "1e+", "-", "--1", "0x10", "NaN", "Infinity",
            #"""#, #""a"#,
            #""\x""#, #""\u12g4""#, #""\u12""#, "\"a\nb\"", "\"\u{0}\"", "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]",
            "[1 2]", "[1}", "{",
            "}", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1,"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a" 1}"#, #"{"a":1]"#,
            #"{1:2}"#, "{,}", "1 2",
            "[] []", "// c\n1", "\u{FEFF}1", "payload=%7B%7D", "<html>", "\u{0}", "1\u{0}",
        ])
    func refuses(text: String) {
        #expect(throws: JSONFault.self) { try RawJSON(ByteBuffer(string: text)) }
    }

    @Test("A text that is cut at any byte is refused, never read beyond its end")
    func cut() throws {
        let text = #"{"s":"\u00e9\n\"","n":-12.5e+3,"t":[true,false,null,{"x":[]}]}"#
        let whole = ByteBuffer(string: text)
        _ = try RawJSON(whole)
        for length in 0..<whole.readableBytes {
            // What follows in memory would complete the text: a scanner that looked there would accept it.
            let part = try #require(whole.getSlice(at: 0, length: length))
            #expect(throws: JSONFault.self) { try RawJSON(part) }
        }
    }

    @Test("The end of a string is found wherever it stands among plain bytes", arguments: 0..<40)
    func strings(length: Int) throws {
        let plain = String(repeating: "é~ \u{7F}!#[]", count: 6).utf8.prefix(length)
        func text(_ end: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: [UInt8(ascii: "\"")] + plain + end) }
        #expect(try RawJSON(text(Array("\"".utf8))).bytes.readableBytes == plain.count + 2)
        _ = try RawJSON(text(Array(#"\\\"xxxxxxxxx""#.utf8)))
        for wrong in [
            [], [0x1F, 0x22], [0x00, 0x22], [0x22, 0x22], [0x5C, 0x22], [0x0A] + Array("xxxxxxxxxxxx\"".utf8),
        ] as [[UInt8]] {
            #expect(throws: JSONFault.self) { try RawJSON(text(wrong)) }
        }
    }

    @Test("Any single byte may be wrong without harm, and what is still accepted has its end where the text ends")
    func damaged() throws {
        let whole = ByteBuffer(string: #"{"s":"\u00e9\n","n":-12.5e+3,"t":[true,{"x":[]}]}"#)
        for index in 0..<whole.readableBytes {
            for byte in UInt8.min...UInt8.max {
                var damaged = whole
                damaged.setInteger(byte, at: index)
                if let json = try? RawJSON(damaged) { #expect(json.bytes.readableBytes <= whole.readableBytes) }
            }
        }
    }

    @Test("Nesting is accepted to 512 levels and refused beyond, however deep", arguments: ["[", #"{"a":"#])
    func depth(open: String) throws {
        let close = open == "[" ? "]" : "}"
        func nested(_ depth: Int) -> ByteBuffer {
            ByteBuffer(string: String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth))
        }
        _ = try RawJSON(nested(512))
        #expect(throws: JSONFault.tooDeep(at: 512 * open.utf8.count)) { try RawJSON(nested(513)) }
        #expect(throws: JSONFault.tooDeep(at: 512 * open.utf8.count)) { try RawJSON(nested(200_000)) }
    }

    @Test("A broken character inside a string does not cost the job")
    func brokenCharacter() throws {
        let json = try RawJSON(ByteBuffer(bytes: Array(#"{"a":""#.utf8) + [0xFF, 0xC0] + Array(#"","b":"x"}"#.utf8)))
        #expect(json.value(at: ["a"])?.kind == .string)
        #expect(json.value(at: ["a"])?.string == nil)
        #expect(json.value(at: ["b"])?.string == "x")
    }

    @Test("A fault names its place and not the text")
    func fault() {
        let fault = #expect(throws: JSONFault.self) { try RawJSON(ByteBuffer(string: #"{"secret": hunter2}"#)) }
        #expect(fault?.description.contains("byte 11") == true)
        #expect(fault?.description.contains("hunter2") == false)
    }
}
