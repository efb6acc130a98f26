import Testing

@testable import Runners

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("", 2, #""""#, true), ("abc", 5, #""abc""#, true), ("abcd", 5, #""abc""#, false), ("aé", 5, #""aé""#, true),
        ("aé", 4, #""a""#, false), ("👋", 5, #""""#, false), ("a\"b", 6, #""a\"b""#, true),
        ("ab\"c", 5, #""ab""#, false),
        ("a\"b", 5, #""a\"""#, false), ("\u{1}", 7, #""""#, false), ("\u{1f}", 8, #""\u001f""#, true),
        ("x", 2, #""""#, false),
    ])
    func `a string is cut at its limit, between characters and outside of escapes`(
        string: String, limit: Int, text: String, isWhole: Bool
    ) {
        var writer = JSONWriter()
        #expect(writer.write(string, limit: limit) == isWhole)
        #expect(String(buffer: writer.text) == text)
    }
}
