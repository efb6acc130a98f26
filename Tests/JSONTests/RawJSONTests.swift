import NIOCore
import Testing

@testable import JSON

@Suite struct RawJSONTests {
    @Test("A value is exactly the bytes that stand there")
    func bytes() throws {
        let json = try RawJSON(ByteBuffer(string: " { \"p\" : { \"a\" :1.0e0,\"u\":\"\\u00e9\" }\t, \"q\":[ 1 ] } "))
        #expect(json.value(at: ["p"]).map { String(buffer: $0.bytes) } == "{ \"a\" :1.0e0,\"u\":\"\\u00e9\" }")
        #expect(json.value(at: ["q"]).map { String(buffer: $0.bytes) } == "[ 1 ]")
    }

    @Test(
        "Strings are decoded",
        arguments: [
            (#""plain""#, "plain"), (#""""#, ""), (#""é 🚰""#, "é 🚰"), (#""\u00e9\ud83d\udeb0""#, "é🚰"),
            (#""a\"b\\c\/d\n""#, "a\"b\\c/d\n"),
        ])
    func string(text: String, expected: String) throws {
        #expect(try RawJSON(ByteBuffer(string: text)).string == expected)
    }

    @Test("Half a surrogate pair is no text")
    func surrogate() throws {
        #expect(try RawJSON(ByteBuffer(string: #""\ud83d""#)).string == nil)
    }

    @Test(
        "Broken characters can be mended",
        arguments: [
            (Array(#""a\ud83d\udc4bb""#.utf8), "a👋b"), (Array(#""\ud83d""#.utf8), "\u{FFFD}"),
            (Array(#""\ud83d\u0041""#.utf8), "\u{FFFD}A"), (Array(#""\ud83d\n""#.utf8), "\u{FFFD}\n"),
            (Array(#""\udc4b\ud83dx""#.utf8), "\u{FFFD}\u{FFFD}x"),
            (Array(#""\"\\\/\b\f\n\r\t""#.utf8), "\"\\/\u{8}\u{C}\n\r\t"),
            ([0x22, 0x61, 0xFF, 0x22], "a\u{FFFD}"), ([0x22, 0xFF, 0x5C, 0x2F, 0x22], "\u{FFFD}/"),
        ])
    func mended(text: [UInt8], expected: String) throws {
        #expect(try RawJSON(ByteBuffer(bytes: text)).mendedString == expected)
    }

    @Test("Members are those that are not null, and the last one of a name")
    func members() throws {
        let members = try RawJSON(ByteBuffer(string: #"{"a":1,"b":null,"a":2,"c":3,"c":null}"#)).members
        #expect(members?.mapValues(\.integer) == ["a": 2])
        #expect(try RawJSON(ByteBuffer(string: "[]")).members == nil)
    }

    @Test("Of a repeated name the last one counts, and escapes in names are names")
    func names() throws {
        let json = try RawJSON(ByteBuffer(string: #"{"a":1,"a":2,"\u0062":3}"#))
        #expect(json.value(at: ["a"])?.integer == 2)
        #expect(json.value(at: ["b"])?.integer == 3)
        #expect(json.value(at: ["c"]) == nil)
        #expect(json.value(at: ["a", "b"]) == nil)
    }

    @Test("No more elements are taken than asked for")
    func elements() throws {
        let json = try RawJSON(ByteBuffer(string: "[1,[2,3],{}]"))
        #expect(json.elements(upTo: 10)?.map { String(buffer: $0.bytes) } == ["1", "[2,3]", "{}"])
        #expect(json.elements(upTo: 2)?.count == 2)
        #expect(try RawJSON(ByteBuffer(string: "{}")).elements(upTo: 2) == nil)
    }

    @Test("A number is an integer only if it is written as one")
    func integers() throws {
        func integer(_ text: String) throws -> Int? { try RawJSON(ByteBuffer(string: text)).integer }
        #expect(try integer("-12") == -12)
        #expect(try integer("1.0") == nil)
        #expect(try integer("1e3") == nil)
        #expect(try integer("99999999999999999999") == nil)
        #expect(try integer(#""1""#) == nil)
    }
}
