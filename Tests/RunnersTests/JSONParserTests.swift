import NIOCore
import Testing

@testable import Runners

@Suite struct JSONParserTests {
    @Test(arguments: [
        "{}", "[]", " { \"a\" : [ 1 , -0.5e+10 , true , false , null , \"\" ] } ", "\"\\u00e9\\n\\/\\\\\"", "0", "-1",
        "1e400",
        "[[[[]]]]", "\"\u{7F}é👋\"",
    ])
    func `JSON is read`(text: String) {
        #expect(JSONParser.value(of: ByteBuffer(string: text)) != nil)
    }

    @Test(arguments: [
        "", " ", "{", "[", "]", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "1.", ".5", "+1", "1e", "-", "tru",
        "nulll",
        "\"", "\"\\x\"", "\"\\u12\"", "\"a\nb\"", "[1 2]", "{} {}", "NaN", "'a'", "\u{FEFF}{}", "// {}",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(JSONParser.value(of: ByteBuffer(string: text)) == nil)
    }

    @Test(arguments: [
        (#""a\ud83d\udc4bb""#, "a👋b"), (#""\ud83d""#, "\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\udc4b\ud83dx""#, "\u{FFFD}\u{FFFD}x"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    ])
    func `escapes become characters, and half a pair is repaired`(text: String, value: String) {
        #expect(JSONParser.value(of: ByteBuffer(string: text)) == .string(value))
    }

    @Test func `nesting has a limit and no stack overflows`() {
        let deep = JSONParser.maxDepth
        let fits = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
        #expect(JSONParser.value(of: ByteBuffer(string: fits)) != nil)
        #expect(JSONParser.value(of: ByteBuffer(string: String(repeating: "[", count: 1_000_000))) == nil)
        #expect(JSONParser.value(of: ByteBuffer(string: String(repeating: "{\"a\":", count: 1_000_000))) == nil)
    }

    @Test func `every beginning of a text is refused without a crash`() {
        let text = Array(#"{"a":[1.5e3,"\ud83d\udc4b",{"b":null}],"c":false}"#.utf8)
        for length in 0..<text.count {
            #expect(JSONParser.value(of: ByteBuffer(bytes: text[..<length])) == nil)
        }
    }
}
