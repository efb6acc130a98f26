import Foundation
import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

@Suite struct APITests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(
        keys: [String] = [Venue.key], history: (any History)? = nil, maxPayload: Int = 1 << 20,
        _ body: (Venue) async throws -> Void
    ) async throws {
        let plan = Venue.Plan(url: try Self.redis.get().url, keys: keys, history: history, maxPayload: maxPayload)
        try await Venue.open(plan, body)
    }

    private func id(_ reply: Wire.Reply) throws -> String {
        try #require(try RawJSON(reply.body).value(at: ["id"])?.string)
    }

    @Test("A job is taken with its payload byte for byte, and can be asked after")
    func one() async throws {
        try await open { venue in
            let payload = "{ \"b\":1.00,\t\"a\" : [\"\\u00e9\\/\"] ,\"b\":2}"
            let reply = try await venue.enqueue(#"{"payload": \#(payload) ,"type":"echo","priority":"high","key":"k"}"#)
            #expect(reply.status == 202)
            let id = try id(reply)
            #expect(reply.text == #"{"id":"\#(id)","queue":"\#(venue.queue)","answer":"queued","duplicate":false}"#)
            #expect(
                try await Queue(venue.queue, in: venue.store).job(id)?.payload.map { String(buffer: $0) } == payload)
            let shown = try await venue.api("GET", "/v1/queues/\(venue.queue)/jobs/\(id)")
            #expect(shown.status == 200)
            let json = try RawJSON(shown.body)
            #expect(json.value(at: ["payload"]).map { String(buffer: $0.bytes) } == payload)
            #expect(json.value(at: ["state"])?.string == "waiting")
            #expect(json.value(at: ["priority"])?.string == "high")
            #expect(json.value(at: ["source"])?.string == "api")
            #expect(json.value(at: ["enqueued_at"])?.string.flatMap(TimeText.date) != nil)
        }
    }

    @Test("A unique key and an id answer the first job")
    func duplicates() async throws {
        try await open { venue in
            let first = try await venue.enqueue(#"{"type":"t","unique":"u"}"#)
            let again = try await venue.enqueue(#"{"type":"t","unique":"u"}"#)
            #expect(first.status == 202 && again.status == 200)
            #expect(try id(first) == id(again))
            #expect(again.text.contains(#""answer":"duplicate","duplicate":true"#))
            #expect(try await venue.enqueue(#"{"type":"t","id":"mine"}"#).status == 202)
            let taken = try await venue.enqueue(#"{"type":"t","id":"mine"}"#)
            #expect(taken.status == 200)
            #expect(try id(taken) == "mine")
        }
    }

    @Test("In an array each job has its own answer, in order, and a mistake costs only itself")
    func array() async throws {
        try await open { venue in
            let reply = try await venue.enqueue(
                #"[{"type":"a","payload":{ "x" : 1 }},{"type":1},{"type":"b","unique":"u"},{"type":"b","unique":"u"},7,{"type":"c","x":1}]"#
            )
            #expect(reply.status == 200)
            let answers = try #require(try RawJSON(reply.body).elements(upTo: 100))
            #expect(answers.map { $0.value(at: ["status"])?.integer } == [202, 400, 202, 200, 400, 400])
            #expect(answers[2].value(at: ["id"])?.string == answers[3].value(at: ["id"])?.string)
            #expect(answers[1].value(at: ["detail"])?.string?.contains("type") == true)
            let first = try #require(answers[0].value(at: ["id"])?.string)
            #expect(
                try await Queue(venue.queue, in: venue.store).job(first)?.payload == ByteBuffer(string: #"{ "x" : 1 }"#)
            )
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == 2)
        }
    }

    @Test("A thousand jobs are taken at once, one more is too many, and none is an empty answer")
    func arrayBounds() async throws {
        try await open { venue in
            func array(_ count: Int) -> String {
                "[" + Array(repeating: #"{"type":"t"}"#, count: count).joined(separator: ",") + "]"
            }
            let thousand = try await venue.enqueue(array(1000))
            #expect(thousand.status == 200)
            #expect(
                try RawJSON(thousand.body).elements(upTo: 2000)?.count { $0.value(at: ["status"])?.integer == 202 }
                    == 1000)
            #expect(try await venue.enqueue(array(1001)).status == 413)
            #expect(try await venue.enqueue("[]").text == "[]")
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == 1000)
        }
    }

    @Test(
        "A mistake is 400 and a problem",
        arguments: ["", "{", "1", "null", "[", #"{"type":"t"} x"#, #"{"typ":"t"}"#, #"{"type":"t","delay":"x"}"#])
    func mistakes(body: String) async throws {
        try await open { venue in
            let reply = try await venue.enqueue(body)
            #expect(reply.status == 400)
            #expect(reply.headers["content-type"] == "application/problem+json")
            #expect(try RawJSON(reply.body).value(at: ["status"])?.integer == 400)
        }
    }

    @Test("A payload over the limit is 413, alone and in an array, and a body over 32 MiB too")
    func sizes() async throws {
        try await open(maxPayload: 100) { venue in
            let large = #"{"type":"t","payload":"\#(String(repeating: "x", count: 100))"}"#
            #expect(try await venue.enqueue(large).status == 413)
            let array = try await venue.enqueue(#"[{"type":"t"},\#(large)]"#)
            #expect(try RawJSON(array.body).elements(upTo: 9)?.map { $0.value(at: ["status"])?.integer } == [202, 413])
            let body = ByteBuffer(repeating: UInt8(ascii: " "), count: 33_554_433)
            let headers = [("Authorization", "Bearer \(Venue.key)")]
            #expect(try await venue.wire.ask("POST", "/v1/queues/q/jobs", headers, body: body).status == 413)
            #expect(
                try await venue.wire.ask("POST", "/v1/queues/q/jobs", headers, body: body, chunked: 1 << 20).status
                    == 413)
        }
    }

    @Test("A queue's name is checked, and one with a slash is written %2F")
    func queueNames() async throws {
        try await open { venue in
            #expect(try await venue.api("POST", "/v1/queues/a%20b/jobs", body: #"{"type":"t"}"#).status == 400)
            let name = "staging/\(venue.queue)"
            let path = "/v1/queues/staging%2F\(venue.queue)/jobs"
            let reply = try await venue.api("POST", path, body: #"{"type":"t"}"#)
            #expect(reply.status == 202)
            #expect(try RawJSON(reply.body).value(at: ["queue"])?.string == name)
            #expect(try await venue.api("GET", "\(path)/\(id(reply))").status == 200)
            #expect(try await venue.store.queues().contains(name))
        }
    }

    @Test("A replacement is told as such, and the job that waits has the newest payload")
    func replaced() async throws {
        try await open { venue in
            let first = try await venue.enqueue(#"{"type":"t","payload":1,"unique":"u","delay":"1h"}"#)
            let again = try await venue.enqueue(
                #"{"type":"t","payload":2,"unique":"u","delay":"1h","conflict":"replace","maxWait":"2h"}"#)
            #expect(first.status == 202 && again.status == 202)
            #expect(try id(first) == id(again))
            #expect(again.text.contains(#""answer":"replaced","duplicate":false"#))
            let job = try await Queue(venue.queue, in: venue.store).job(id(first))
            #expect(job?.payload == ByteBuffer(string: "2"))
        }
    }

    @Test("A replacement may say window: its key has a ttl, and is held after the start too")
    func replacedInWindow() async throws {
        try await open { venue in
            let body = #"{"type":"t","unique":"u","conflict":"replace","scope":"window","ttl":"1h"}"#
            let first = try await venue.enqueue(body)
            #expect(first.status == 202)
            try await venue.work(["t": { _ in .none }], until: { $0.totals["completed"] == 1 })
            let again = try await venue.enqueue(body)
            #expect(again.status == 200)
            #expect(try id(first) == id(again))
        }
    }

    @Test("A second job of a singleton is a duplicate, or takes the place of the first")
    func singleton() async throws {
        try await open { venue in
            let first = try await venue.enqueue(#"{"type":"t","unique":"u","singleton":"skip"}"#)
            #expect(try await venue.enqueue(#"{"type":"t","unique":"u","singleton":"skip"}"#).status == 200)
            let second = try await venue.enqueue(#"{"type":"t","unique":"u","singleton":"cancel"}"#)
            #expect(second.status == 202)
            #expect(try await Queue(venue.queue, in: venue.store).job(id(first)) == nil)
        }
    }

    @Test("A stranger is refused before its body is read")
    func refusedEarly() async throws {
        try await open { venue in
            let head = ByteBuffer(string: "POST /v1/queues/q/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            let replies = try await venue.wire.exchange([head], until: .replies(1))
            #expect(replies.first?.status == 401)
        }
    }

    @Test("Without keys the API is open, but not to web pages")
    func openAPI() async throws {
        try await open(keys: []) { venue in
            #expect(try await venue.api("GET", "/v1/queues", key: nil).status == 200)
            let path = "/v1/queues/\(venue.queue)/jobs"
            #expect(try await venue.api("POST", path, body: #"{"type":"t"}"#, key: nil).status == 202)
            let page = try await venue.api(
                "POST", path, body: #"{"type":"t"}"#, key: nil, more: [("Origin", "http://evil.example")])
            #expect(page.status == 403)
        }
    }

    @Test("All known queues are listed with their counts")
    func queues() async throws {
        try await open { venue in
            _ = try await venue.enqueue(#"[{"type":"t","priority":"high"},{"type":"t","delay":"1h"}]"#)
            let reply = try await venue.api("GET", "/v1/queues")
            #expect(reply.status == 200)
            let queues = try #require(try RawJSON(reply.body).value(at: ["queues"])?.elements(upTo: 1000))
            let mine = try #require(queues.first { $0.value(at: ["queue"])?.string == venue.queue })
            #expect(mine.value(at: ["waiting"])?.integer == 1)
            #expect(mine.value(at: ["delayed"])?.integer == 1)
            #expect(mine.value(at: ["totals", "accepted"])?.integer == 2)
        }
    }

    /// Answers from memory what a real sink would answer from Postgres; the sink's own tests cover that.
    private struct Ended: History {
        var record: JobRecord?
        func job(queue: String, id: String) async throws -> JobRecord? { record?.id == id ? record : nil }
        func jobs(id: String) async throws -> [JobRecord] { [] }
        func check() async throws {}
    }

    @Test("An ended job is found in the history, with bytes that are no JSON as text or base64")
    func ended() async throws {
        var record = JobRecord(queue: "q", id: "gone", type: "t", state: .completed, priority: .low)
        record.finishedAt = Date(milliseconds: 1_893_553_445_678)
        record.result = ByteBuffer(string: "{ \"ok\":true }")
        record.payload = ByteBuffer(bytes: [0xFF, 0x00])
        try await open(history: Ended(record: record)) { venue in
            let reply = try await venue.api("GET", "/v1/queues/q/jobs/gone")
            #expect(reply.status == 200)
            let json = try RawJSON(reply.body)
            #expect(json.value(at: ["finished_at"])?.string == "2030-01-02T03:04:05.678Z")
            #expect(json.value(at: ["result"]).map { String(buffer: $0.bytes) } == "{ \"ok\":true }")
            #expect(json.value(at: ["payload_base64"])?.string == "/wA=")
            #expect(try await venue.api("GET", "/v1/queues/q/jobs/never").status == 404)
        }
    }

    @Test("An unknown job is 404, a wrong method 405 that says what is allowed")
    func misses() async throws {
        try await open { venue in
            let unknown = try await venue.api("GET", "/v1/queues/\(venue.queue)/jobs/none")
            #expect(unknown.status == 404)
            #expect(unknown.headers["content-type"] == "application/problem+json")
            let wrong = try await venue.api("DELETE", "/v1/queues/\(venue.queue)/jobs")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == "POST")
        }
    }
}
