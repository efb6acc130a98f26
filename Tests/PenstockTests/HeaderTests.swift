import Foundation
import NIOCore
import Penstock
import Testing

@Suite struct HeaderTests {
    private static let full = #"""
        {"type":"push","priority":"high","key":"a\/b","entry":"1700000000123-42","attempt":2,"maxAttempts":7,\#
        "timeout":9000,"enqueuedAt":1700000000000,"unique":"u\"\\\b\f\n\r\t","source":"github",\#
        "headers":"{\"x\":\"\u00e9\"}","traceparent":"00-a-b-01","lastError":"\ud83d\ude00 é","crashes":1}
        """#

    @Test func `every field is read`() throws {
        let header = try #require(Header(json: ByteBuffer(string: Self.full)))
        var expected = Header()
        expected.type = "push"
        expected.priority = .high
        expected.key = "a/b"
        expected.entry = "1700000000123-42"
        expected.n = 42
        expected.attempt = 2
        expected.maxAttempts = 7
        expected.timeout = 9000
        expected.enqueuedAt = 1_700_000_000_000
        expected.runAt = 1_700_000_000_123
        expected.unique = "u\"\\\u{8}\u{c}\n\r\t"
        expected.source = "github"
        expected.headers = #"{"x":"é"}"#
        expected.traceparent = "00-a-b-01"
        expected.lastError = "\u{1F600} é"
        expected.crashes = 1
        #expect(header == expected)
    }

    @Test func `what the entry tells is not needed twice`() throws {
        let header = try #require(Header(json: ByteBuffer(string: #"{"type":"t","entry":"5-6"}"#)))
        #expect(header.enqueuedAt == 5 && header.n == 6 && header.runAt == nil)
        #expect(header.priority == .normal && header.attempt == 0 && header.crashes == 0)
    }

    @Test func `a line that is cut at any byte is no header`() throws {
        let bytes = Array(Self.full.utf8)
        for end in bytes.indices { #expect(Header(json: ByteBuffer(bytes: bytes[..<end])) == nil, "cut at \(end)") }
    }

    @Test(arguments: [
        #"{"type":"t","enqueuedAt":1,"later":true}"#, #"{"type":"t","later":null,"enqueuedAt":1}"#,
        #" { "later" : "\u0041" , "type" : "t" , "other" : -12 , "enqueuedAt" : 1 }"#,
        #"{"enqueuedAt":1,"n":0,"type":"\u0074"}"#, #"{"type":"x","type":"t","enqueuedAt":1,"later":false}"#,
    ])
    func `unknown names, space and order do not matter`(json: String) throws {
        var expected = Header()
        expected.type = "t"
        expected.enqueuedAt = 1
        #expect(Header(json: ByteBuffer(string: json)) == expected)
    }

    @Test(arguments: [
        (#"\u0041"#, "A"), (#"\u00E9\u00e9"#, "éé"), (#"\uD83D\uDE00"#, "\u{1F600}"), (#"\u0000"#, "\0"),
        ("é\u{1F600}", "é\u{1F600}"),
        (#"\/\\\""#, "/\\\""), ("", ""), (#"\ud83d"#, nil), (#"\ud83dx"#, nil), (#"\ud83d\u0041"#, nil),
        (#"\ude00"#, nil), (#"\u12"#, nil), (#"\u12G4"#, nil), (#"\x"#, nil), (#"\"#, nil),
    ])
    func `escapes are those of JSON`(text: String, plain: String?) {
        let header = Header(json: ByteBuffer(string: #"{"type":"t","enqueuedAt":1,"key":""# + text + #""}"#))
        #expect(header?.key == plain)
        #expect((header == nil) == (plain == nil))
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #""type""#, "{\"type\":\"t\"}", #"{"enqueuedAt":1}"#, #"{"type":"","enqueuedAt":1}"#,
        #"{"type":"t","enqueuedAt":1,}"#, #"{"type":"t" "enqueuedAt":1}"#, #"{"type":"t","enqueuedAt":1}}"#,
        #"{"type":"t","enqueuedAt":1.5}"#, #"{"type":"t","enqueuedAt":99999999999999999999}"#,
        #"{"type":"t","enqueuedAt":-}"#, #"{"type":"t","enqueuedAt":1,"a":{}}"#,
        #"{"type":"t","enqueuedAt":1,"a":[1]}"#,
        #"{"type":"t","enqueuedAt":1,"priority":"urgent"}"#, #"{"type":"t","entry":"5"}"#,
        #"{"type":"t","entry":"a-b"}"#,
        #"{type:"t","enqueuedAt":1}"#, #"{"type":"t","enqueuedAt":1,"a":tru}"#, "{\"type\":\"t\",\"enqueuedAt\":1}x",
    ])
    func `what is no header is refused`(json: String) {
        #expect(Header(json: ByteBuffer(string: json)) == nil)
    }
}
