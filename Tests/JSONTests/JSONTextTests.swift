import NIOCore
import Testing

@testable import JSON

@Suite struct JSONTextTests {
    @Test("What we write can be read, whatever is in it")
    func written() throws {
        let text = "\u{0}\u{1F}\"\\\n\r\té🚰\u{2028}"
        let json = JSONText.object([
            ("a", .string(text)), (text, .array([1, .null, true, .raw(ByteBuffer(string: "[ ]")), .object([])])),
        ])
        let read = try RawJSON(json.buffer)
        #expect(read.value(at: ["a"])?.string == text)
        #expect(read.value(at: [text]).map { String(buffer: $0.bytes) } == "[1,null,true,[ ],{}]")
    }

    @Test("Members keep their order, slashes are not escaped, and numbers that JSON lacks are null")
    func plain() {
        let json = JSONText.object([
            ("b", "a/b\n"), ("a", .number(1.5)), ("c", .number(.infinity)), ("d", JSONText(String?.none)),
            ("e", .array([])),
        ])
        #expect(json.text == #"{"b":"a/b\n","a":1.5,"c":null,"d":null,"e":[]}"#)
    }

    @Test(
        "A string is cut at its limit, between characters and outside of escapes",
        arguments: [
            ("", 2, #""""#, true), ("abc", 5, #""abc""#, true), ("abcd", 5, #""abc""#, false),
            ("aé", 5, #""aé""#, true), ("aé", 4, #""a""#, false), ("👋", 5, #""""#, false), ("👋", 6, #""👋""#, true),
            ("a\"b", 6, #""a\"b""#, true), ("ab\"c", 5, #""ab""#, false), ("a\"b", 5, #""a\"""#, false),
            ("\u{1}", 7, #""""#, false), ("\u{1f}", 8, #""\u001f""#, true), ("x", 2, #""""#, false),
        ])
    func limit(string: String, limit: Int, text: String, isWhole: Bool) {
        var buffer = ByteBuffer()
        #expect(JSONText.write(string, to: &buffer, limit: limit) == isWhole)
        #expect(String(buffer: buffer) == text)
    }
}
