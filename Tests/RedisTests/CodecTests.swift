import NIOCore
import Testing

@testable import Redis

@Suite struct CodecTests {
    private static func text(_ text: String) -> Reply { .bytes(ByteBuffer(string: text)) }
    private static let megabyte = String(repeating: "m", count: 1 << 20)

    static let replies: [(wire: String, replies: [Reply])] = [
        ("+OK\r\n", [text("OK")]),
        ("+\r\n", [text("")]),
        (":0\r\n", [.integer(0)]),
        (":-9223372036854775808\r\n", [.integer(.min)]),
        ("$0\r\n\r\n", [text("")]),
        ("$5\r\na\r\n\u{0}b\r\n", [text("a\r\n\u{0}b")]),
        ("$-1\r\n", [.null]),
        ("*-1\r\n", [.null]),
        ("*0\r\n", [.array([])]),
        ("-ERR no such thing\r\n", [.error(.server(code: "ERR", message: "no such thing"))]),
        ("-LOADING\r\n", [.error(.server(code: "LOADING", message: ""))]),
        ("*3\r\n$1\r\na\r\n$-1\r\n:7\r\n", [.array([text("a"), .null, .integer(7)])]),
        (
            "*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$2\r\nid\r\n$1\r\nx\r\n*0\r\n",
            [.array([.array([text("1-1"), .array([text("id"), text("x")])]), .array([])])]
        ),
        ("*2\r\n-NOPE a b\r\n:1\r\n", [.array([.error(.server(code: "NOPE", message: "a b")), .integer(1)])]),
        ("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", [.array([.array([.array([.array([.array([.integer(1)])])])])])]),
        (":1\r\n$-1\r\n+x\r\n*1\r\n:2\r\n", [.integer(1), .null, text("x"), .array([.integer(2)])]),
    ]

    @Test("a reply cut at every byte is read the same", arguments: replies.indices)
    func cuts(index: Int) throws {
        let (wire, expected) = Self.replies[index]
        let bytes = Array(wire.utf8)
        for cut in 0...bytes.count {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try read(bytes.map { [$0] }) == expected)
    }

    @Test func `nothing is answered before the last byte is there`() throws {
        for (wire, expected) in Self.replies where expected.count == 1 {
            let reader = ReplyReader()
            for byte in wire.utf8.dropLast() {
                try reader.feed(ByteBuffer(bytes: [byte]))
                #expect(try reader.next() == nil)
            }
            try reader.feed(ByteBuffer(bytes: Array(wire.utf8.suffix(1))))
            #expect(try reader.next() == expected[0])
            #expect(try reader.next() == nil)
        }
    }

    @Test("a payload of a megabyte arrives in pieces of any size", arguments: [1_000, 4_096, 65_537, 2_000_000])
    func large(size: Int) throws {
        let bytes = Array("*2\r\n$1048576\r\n\(Self.megabyte)\r\n$3\r\nend\r\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min(bytes.count, $0 + size)]) }
        #expect(try read(pieces) == [.array([Self.text(Self.megabyte), Self.text("end")])])
    }

    @Test(
        "what is no protocol of Redis's is an error, and not a reply",
        arguments: ["HTTP/1.1 400 Bad Request\r\n", "\u{16}\u{3}\u{1}", "$abc\r\n", ":1x\r\n", "*x\r\n", "\r\n"])
    func garbage(text: String) throws {
        for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
            let error = #expect(throws: RedisError.self) { try read(pieces) }
            guard case .garbled = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `a reader that met garbage stays an error`() {
        let reader = ReplyReader()
        #expect(throws: RedisError.self) {
            try reader.feed(ByteBuffer(string: "garbage\r\n"))
            _ = try reader.next()
        }
        #expect(throws: RedisError.self) {
            try reader.feed(ByteBuffer(string: "+OK\r\n"))
            _ = try reader.next()
        }
    }

    @Test(
        "a command is written as an array of bulk strings",
        arguments: [
            (["PING"], "*1\r\n$4\r\nPING\r\n"), (["SET", "", "v"], "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\nv\r\n"),
            (["", ""], "*2\r\n$0\r\n\r\n$0\r\n\r\n"), (["ä\r\n", "\u{0}"], "*2\r\n$4\r\nä\r\n\r\n$1\r\n\u{0}\r\n"),
        ])
    func commands(words: [String], wire: String) {
        var command = Command()
        command.append(contentsOf: words)
        #expect(written(command) == Array(wire.utf8))
    }

    @Test func `words may be any bytes, numbers, and words of another command`() {
        var command = Command("A")
        command.append(ByteBuffer(bytes: Array(UInt8.min...UInt8.max)))
        command.append(ByteBuffer())
        command.append(-42)
        var whole = Command("B")
        whole.append(contentsOf: command)
        #expect(command.count == 4 && command.size == 1 + 256 + 0 + 3)
        #expect(whole.count == 5)
        let tail = Array("\r\n$0\r\n\r\n$3\r\n-42\r\n".utf8)
        let words = Array("$1\r\nA\r\n$256\r\n".utf8) + Array(UInt8.min...UInt8.max) + tail
        #expect(written(command) == Array("*4\r\n".utf8) + words)
        #expect(written(whole) == Array("*5\r\n$1\r\nB\r\n".utf8) + words)
    }

    private func written(_ command: Command) -> [UInt8] {
        var buffer = ByteBuffer()
        command.write(to: &buffer)
        return Array(buffer.readableBytesView)
    }

    private func read(_ pieces: [[UInt8]]) throws -> [Reply] {
        let reader = ReplyReader()
        var replies: [Reply] = []
        for piece in pieces where !piece.isEmpty {
            try reader.feed(ByteBuffer(bytes: piece))
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }
}
