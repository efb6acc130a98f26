import Foundation
import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

/// Dead letters, over HTTP.
@Suite struct DeadTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(_ body: (Venue) async throws -> Void) async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url), body)
    }

    private func ids(_ reply: Wire.Reply) throws -> [String] {
        try #require(reply["letters"]?.elements(upTo: 1000)).compactMap { $0.value(at: ["id"])?.string }
    }

    @Test("Letters come in pages that together have each of them once")
    func pages() async throws {
        try await open { venue in
            var added: Set<String> = []
            for _ in 0..<7 { added.insert(try await venue.add()) }
            try await venue.bury(7)
            var seen: [String] = []
            var next: String?
            var pages = 0
            repeat {
                let before = next.map { "&before=\($0)" } ?? ""
                let reply = try await venue.api("GET", venue.path("/dead?count=3\(before)"))
                #expect(reply.status == 200)
                #expect(try ids(reply).count <= 3)
                seen += try ids(reply)
                next = reply["next"]?.string
                pages += 1
            } while next != nil && pages < 10
            #expect(seen.count == 7 && Set(seen) == added)
        }
    }

    @Test("A letter says what died, of what, and when")
    func letter() async throws {
        try await open { venue in
            let id = try await venue.add { $0.priority = .high }
            try await venue.bury(1)
            let reply = try await venue.api("GET", venue.path("/dead"))
            let letter = try #require(reply["letters"]?.elements(upTo: 9)?.first)
            #expect(letter.value(at: ["id"])?.string == id)
            #expect(letter.value(at: ["type"])?.string == "t" && letter.value(at: ["priority"])?.string == "high")
            #expect(letter.value(at: ["attempts"])?.integer == 1)
            #expect(letter.value(at: ["error"])?.string == "t: out of luck")
            for name in ["died_at", "enqueued_at"] {
                #expect(letter.value(at: [name])?.string.flatMap(TimeText.date) != nil)
            }
            #expect(reply["next"]?.kind == .null)
        }
    }

    @Test("A filter takes a type, a part of the error and a time; what has to be encoded is decoded")
    func filter() async throws {
        try await open { venue in
            let first = try await venue.add("a")
            let second = try await venue.add("b c+d")
            try await venue.bury(2, of: ["a", "b c+d"], "50% off")
            let died = try #require(try await venue.inside().job(first)?.finishedAt)
            for (query, expected) in [
                ("", [first, second]), ("?type=a", [first]), ("?type=b%20c%2Bd", [second]), ("?type=b+c%2Bd", [second]),
                ("?error=50%25+off", [first, second]), ("?error=a:+50", [first]), ("?error=other", []),
                ("?to=1000", []), ("?from=1000", [first, second]), ("?from=2100-01-01T00:00:00Z", []),
                ("?to=2100-01-01T00:00:00%2B02:00&type=a", [first]),
                ("?from=\(Int(died.timeIntervalSince1970 * 1000))&type=a", [first]),
            ] {
                let reply = try await venue.api("GET", venue.path("/dead\(query)"))
                #expect(reply.status == 200, "\(query)")
                #expect(try Set(ids(reply)) == Set(expected), "\(query)")
            }
        }
    }

    @Test(
        "A query that cannot be meant is 400",
        arguments: [
            "?typ=a", "?type=", "?type=%00", "?type=a&type=b", "?type", "?count=0", "?count=101", "?count=x", "?from=x",
            "?from=-1", "?to=2030-01-02", "?before=x", "?before=", "?before=MTIz", "?type=%zz", "?before=%2B%2F",
        ])
    func badQueries(query: String) async throws {
        try await open { venue in
            let reply = try await venue.api("GET", venue.path("/dead\(query)"))
            #expect(reply.status == 400)
            #expect(reply.headers["content-type"] == "application/problem+json")
        }
    }

    @Test("Those that fit are requeued, at a rate, and those whose key has been taken stay")
    func requeue() async throws {
        try await open { venue in
            for number in 0..<4 { _ = try await venue.add("a") { $0.unique = "u\(number)" } }
            let other = try await venue.add("b")
            try await venue.bury(5, of: ["a", "b"])
            _ = try await venue.add("c") { $0.unique = "u0" }
            let reply = try await venue.api(
                "POST", venue.path("/dead/requeue"), body: #"{"type":"a","error":"luck","rate":1}"#)
            #expect(reply.status == 200)
            #expect(
                reply.text == #"{"queue":"\#(venue.queue)","answer":"requeued","requeued":3,"duplicates":1}"#)
            let backlog = try await venue.inside().backlog()
            #expect(backlog.dead == 2 && backlog.delayed == 2 && backlog.totals["requeued"] == 3)
            #expect(try await venue.inside().job(other)?.state == .dead)
            let rest = try await venue.api("POST", venue.path("/dead/requeue"))
            #expect(rest["requeued"]?.integer == 1 && rest["duplicates"]?.integer == 1)
        }
    }

    @Test(
        "A requeue of what cannot be meant is 400, and nothing is requeued",
        arguments: [#"{"rate":0}"#, #"{"rate":"1/s"}"#, #"{"typ":"a"}"#, #"{"type":""}"#, #"{"from":"now"}"#, "[]"])
    func badRequeue(body: String) async throws {
        try await open { venue in
            _ = try await venue.add()
            try await venue.bury(1)
            #expect(try await venue.api("POST", venue.path("/dead/requeue"), body: body).status == 400)
            #expect(try await venue.inside().backlog().dead == 1)
        }
    }
}
