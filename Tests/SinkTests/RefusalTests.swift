import NIOCore
import Penstock
import Testing

@testable import Sink

@Suite(.serialized) struct RefusalTests {
    enum Column: String {
        case json = "payload"
        case bytes = "payload_bytes"
    }

    /// A number beyond numeric, and brackets deeper than the parser's stack, pass our grammar: only Postgres can judge them.
    static let tooBig = "1e999999"
    static let tooDeep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)

    @Test(arguments: [
        (Array(#"{"a":1}"#.utf8), Column.json), (Array("null".utf8), .json),
        (Array(#"{"a":"\u0000"}"#.utf8), .bytes),
        ([0x22, 0xFF, 0x22], .bytes), (Array("no JSON".utf8), .bytes), ([], .bytes),
        ([0], .bytes),
        (Array(#""\ud800""#.utf8), .bytes), (Array(tooBig.utf8), .bytes),
    ])
    func `a payload arrives whole, as JSON if it is any that jsonb takes`(payload: [UInt8], column: Column) async throws
    {
        let database = try await Database()
        var event = Event.make(.completed, "a")
        event.payload = ByteBuffer(bytes: payload)
        #expect(try await database.ledger().record([event].inQueue).isEmpty)
        #expect(
            try await database.count(
                "jobs WHERE \(column.rawValue) IS NOT NULL AND num_nonnulls(payload, payload_bytes) = 1")
                == 1)
        let stored = try await PostgresHistory(url: database.url).job(queue: "github", id: "a")?.payload
        #expect(stored.map { Array($0.readableBytesView.filter { $0 != 0x20 }) } == payload.filter { $0 != 0x20 })
    }

    @Test func `a payload that is nested deeper than the server can stand arrives as bytes`() async throws {
        let database = try await Database()
        _ = try await database.ledger().record([.make(.completed, "a", payload: Self.tooDeep)].inQueue)
        #expect(try await database.text("SELECT length(payload_bytes) FROM penstock.jobs") == "200000")
    }

    @Test(arguments: [true, false])
    func `a payload of 20 MiB arrives`(isJSON: Bool) async throws {
        let database = try await Database()
        var payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: 20 << 20)
        if isJSON {
            payload.setInteger(UInt8(ascii: "\""), at: 0)
            payload.setInteger(UInt8(ascii: "\""), at: payload.writerIndex - 1)
        }
        var event = Event.make(.completed, "a")
        event.payload = payload
        #expect(try await database.ledger().record([event].inQueue).isEmpty)
        #expect(try await PostgresHistory(url: database.url).job(queue: "github", id: "a")?.payload == payload)
    }

    @Test(arguments: [
        ("no JSON", #""no JSON""#), (#"{"a":"\u0000"}"#, #""{\"a\":\"\\u0000\"}""#), (tooBig, #""1e999999""#),
    ])
    func `a result that jsonb refuses is kept as a string`(result: String, stored: String) async throws {
        let database = try await Database()
        _ = try await database.ledger().record([.make(.completed, "a", payload: "1", result: result)].inQueue)
        #expect(try await database.text("SELECT result FROM penstock.jobs") == stored)
    }

    @Test(arguments: [[500], [0], [999], [3, 4, 5, 700]])
    func `a row that Postgres refuses stops none of the others`(bad: [Int]) async throws {
        let database = try await Database()
        let events = (0..<1000).map { (number: Int) in
            Event.make(
                .completed, "job-\(number)", run: number,
                payload: bad.contains(number) ? Self.tooBig : #"{"n":\#(number)}"#)
        }
        #expect(try await database.ledger().record(events.inQueue).isEmpty)
        #expect(try await database.count("jobs WHERE id = 'job-' || (payload->>'n')") == 1000 - bad.count)
        #expect(try await database.count("jobs WHERE payload_bytes = '\(Self.tooBig)'") == bad.count)
        #expect(try await database.count("attempts") == 1000)
    }

    @Test func `half a batch of bad payloads costs no search`() async throws {
        let database = try await Database()
        let events = (0..<1000).map { (number: Int) in
            Event.make(.completed, "job-\(number)", run: number, payload: number % 2 == 0 ? #""\u0000""# : "1")
        }
        _ = try await database.ledger().record(events.inQueue)
        #expect(try await database.count("jobs WHERE payload_bytes IS NOT NULL") == 500)
        #expect(try await database.text("SELECT count(DISTINCT xmin::text) FROM penstock.jobs") == "1")
    }

    @Test func `a row that somebody's constraint forbids is named, and the others are stored`() async throws {
        let database = try await Database()
        let ledger = try await database.ledger()
        try await database.run("ALTER TABLE penstock.jobs ADD CHECK (id <> 'job-7')")
        let events = (0..<20).map { (number: Int) in Event.make(.completed, "job-\(number)", run: number) }
        let refusals = try await ledger.record(events.inQueue)
        #expect(refusals.map(\.id) == ["job-7"])
        #expect(try await database.count("jobs") == 19)
        #expect(try await database.count("attempts") == 19)
    }

    @Test func `NUL in a text is replaced`() async throws {
        let database = try await Database()
        var event = Event.make(.dead, "a\0b", error: "it\0broke")
        event.header?.key = "\0"
        #expect(try await database.ledger().record([event].inQueue).isEmpty)
        #expect(
            try await database.count("jobs WHERE id = U&'a\\FFFDb' AND error = U&'it\\FFFDbroke' AND key = U&'\\FFFD'")
                == 1)
        #expect(try await database.count("attempts WHERE job_id = U&'a\\FFFDb'") == 1)
    }

    @Test func `numbers and times that nobody can mean are not stored and stop nothing`() async throws {
        let database = try await Database()
        var event = Event.make(.completed, "a", attempt: .max)
        event.header?.enqueuedAt = .max
        event.run?.startedAt = .min
        #expect(try await database.ledger().record([event].inQueue).isEmpty)
        #expect(
            try await database.count("jobs WHERE enqueued_at IS NULL AND started_at IS NULL AND attempts = 2147483647")
                == 1)
    }

    @Test func `characters that the database's encoding lacks lose only themselves`() async throws {
        let database = try await Database(encoding: "LATIN1")
        var event = Event.make(.completed, "a", payload: #"{"smile":"😀"}"#, result: #"{"smile":"😀"}"#)
        event.header?.key = "caf\u{E9} 😀"
        #expect(try await database.ledger().record([event, .make(.completed, "b", payload: #""é""#)].inQueue).isEmpty)
        #expect(try await database.count("jobs WHERE payload_bytes = '\\x7b22736d696c65223a22f09f9880227d'") == 1)
        #expect(try await database.text("SELECT key FROM penstock.jobs WHERE id = 'a'") == "caf? ?")
        #expect(try await database.text("SELECT result FROM penstock.jobs WHERE id = 'a'") == #""{\"smile\":\"?\"}""#)
        #expect(try await database.text("SELECT payload FROM penstock.jobs WHERE id = 'b'") == #""é""#)
    }
}
