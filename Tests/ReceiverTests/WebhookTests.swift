import Foundation
import Logging
import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

@Suite struct WebhookTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(routes: ((String) throws -> [Route])? = nil, _ body: (Venue) async throws -> Void) async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url, routes: routes), body)
    }

    private func id(_ reply: Wire.Reply) throws -> String {
        try #require(try RawJSON(reply.body).value(at: ["id"])?.string)
    }

    @Test("A signed delivery is a job with the sender's bytes, and its headers without the signature")
    func accepted() async throws {
        try await open { venue in
            let body = "{ \"action\" : \"opened\",\"x\":\"\\u00e9\" }\n"
            let reply = try await venue.deliver(body, event: "issues", delivery: "d1")
            #expect(reply.status == 202)
            let id = try id(reply)
            #expect(reply.text == #"{"id":"\#(id)","queue":"\#(venue.queue)","answer":"queued","duplicate":false}"#)
            let record = try #require(try await Queue(venue.queue, in: venue.store).job(id))
            #expect(record.type == "activity" && record.source == "github" && record.state == .waiting)
            #expect(record.payload.map { String(buffer: $0) } == body)
            let backlog = try await Queue(venue.queue, in: venue.store).backlog()
            #expect(backlog.totals["accepted"] == 1)
        }
    }

    @Test("A handler sees the sender's headers, without signatures and credentials")
    func headers() async throws {
        try await open { venue in
            let body = ByteBuffer(string: "{}")
            let seen = AsyncStream<Job>.makeStream()
            let worker = try Worker(
                queues: [venue.queue], in: venue.store,
                handlers: [
                    "activity": { job in
                        seen.continuation.yield(job)
                        return .none
                    }
                ], logger: .silent)
            let changes = [
                "X-GitHub-Hook-ID": "42", "Authorization": "Bearer x", "Cookie": "a=b", "X-Hub-Signature": "sha1=1",
            ]
            #expect(try await venue.deliver(body, event: "push", delivery: "d", changes: changes).status == 202)
            let running = Task { try await worker.run() }
            for await job in seen.stream {
                #expect(
                    job.headers == [
                        "x-github-event": "push", "x-github-delivery": "d", "x-github-hook-id": "42",
                        "content-type": "application/json",
                    ])
                #expect(job.source == "github" && job.payload == body)
                break
            }
            running.cancel()
            try await running.value
        }
    }

    @Test("A delivery that comes again is answered with the first job's id and makes no job")
    func duplicate() async throws {
        try await open { venue in
            let first = try await venue.deliver("{}", delivery: "d1")
            let again = try await venue.deliver(#"{"other":"body"}"#, delivery: "d1")
            let other = try await venue.deliver("{}", delivery: "d2")
            #expect(first.status == 202 && again.status == 200 && other.status == 202)
            #expect(try id(again) == id(first))
            #expect(again.text.contains(#""duplicate":true"#))
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == 2)
        }
    }

    @Test("Of twenty deliveries at once with one id, one makes a job")
    func race() async throws {
        try await open { venue in
            let replies = try await withThrowingTaskGroup(of: Wire.Reply.self) { group in
                for _ in 0..<20 { group.addTask { try await venue.deliver("{}", delivery: "same") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(replies.count { $0.status == 202 } == 1)
            #expect(replies.count { $0.status == 200 } == 19)
            #expect(Set(try replies.map(id)).count == 1)
        }
    }

    @Test(
        "A signature proves the sender or the answer is 401",
        arguments: [
            (nil, 401), ("", 401), ("sha256=", 401), ("sha256=12ab", 401),
            ("sha256=" + String(repeating: "ab", count: 40), 401),
            ("sha256=" + String(repeating: "zz", count: 32), 401),
            ("sha256=" + String(repeating: "ab", count: 32), 401),
            ("wrong secret", 401), ("first secret", 202), ("second secret", 202),
        ])
    func signatures(kind: String?, status: Int) async throws {
        try await open { venue in
            let body = ByteBuffer(string: #"{"zen":"é"}"#)
            let signature: String? =
                switch kind {
                case "wrong secret": Venue.sign(body, with: "another")
                case "first secret": Venue.sign(body)
                case "second secret": Venue.sign(body, with: Venue.oldSecret)
                default: kind
                }
            let reply = try await venue.deliver(body, delivery: "d", changes: ["X-Hub-Signature-256": signature])
            #expect(reply.status == status)
            if status == 401 {
                #expect(reply.headers["content-type"] == "application/problem+json")
                #expect(try await Queue(venue.queue, in: venue.store).backlog().totals["accepted"] ?? 0 == 0)
            }
        }
    }

    @Test("Two signatures are as bad as none")
    func twoSignatures() async throws {
        try await open { venue in
            let signature = ("X-Hub-Signature-256", Venue.sign(ByteBuffer(string: "{}")))
            let reply = try await venue.wire.ask(
                "POST", "/webhooks/github",
                [
                    ("Content-Type", "application/json"), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d"),
                    signature, signature,
                ], body: "{}")
            #expect(reply.status == 401)
        }
    }

    /// One request that is wrong in every way, mended mistake by mistake: each answer shows that its check comes before all
    /// that follow.
    @Test("Refusals come in their fixed order")
    func order() async throws {
        try await open { (venue: Venue) async throws -> Void in
            let huge = ("Content-Length", "26214401")
            var headers = [("Content-Type", "text/plain"), huge]
            func status(_ method: String, _ path: String) async throws -> Int {
                var head = "\(method) \(path) HTTP/1.1\r\nHost: x\r\n"
                for (name, value) in headers { head += "\(name): \(value)\r\n" }
                let body = headers.contains { $0 == huge } ? "" : "no JSON"
                let parts = [ByteBuffer(string: head + "\r\n" + body)]
                return try #require(try await venue.wire.exchange(parts, until: .replies(1)).first).status
            }
            #expect(try await status("PUT", "/webhooks/nobody") == 404)
            #expect(try await status("PUT", "/webhooks/github") == 405)
            #expect(try await status("POST", "/webhooks/github") == 415)
            headers[0] = ("Content-Type", "application/json; charset=utf-8")
            #expect(try await status("POST", "/webhooks/github") == 413)
            headers[1] = ("Content-Length", "7")
            #expect(try await status("POST", "/webhooks/github") == 401)
            headers.append(("X-Hub-Signature-256", Venue.sign(ByteBuffer(string: "no JSON"))))
            #expect(try await status("POST", "/webhooks/github") == 400)
            headers.append(("X-GitHub-Event", "ping"))
            #expect(try await status("POST", "/webhooks/github") == 400)
            headers.append(("X-GitHub-Delivery", "d"))
            #expect(try await status("POST", "/webhooks/github") == 400)
        }
    }

    @Test(
        "A delivery says what it is, or is refused",
        arguments: [
            ("X-GitHub-Event", nil), ("X-GitHub-Event", ""), ("X-GitHub-Event", "a b"),
            ("X-GitHub-Event", String(repeating: "e", count: 257)),
            ("X-GitHub-Delivery", nil), ("X-GitHub-Delivery", ""), ("X-GitHub-Delivery", "é"),
            ("X-GitHub-Delivery", String(repeating: "d", count: 129)),
        ])
    func names(header: String, value: String?) async throws {
        try await open { venue in
            let reply = try await venue.deliver("{}", delivery: "d", changes: [header: value])
            #expect(reply.status == 400)
            #expect(reply.text.contains(header))
        }
    }

    @Test(
        "A body that is no JSON is refused, though it is signed",
        arguments: ["", "{", "payload=%7B%7D", "{}{}", "\u{0}"])
    func noJSON(body: String) async throws {
        try await open { (venue: Venue) async throws -> Void in
            #expect(try await venue.deliver(body, delivery: "d").status == 400)
        }
    }

    @Test(
        "Only application/json is taken",
        arguments: [
            ("application/json", 202), ("Application/JSON ; charset=utf-8", 202), ("application/json-patch+json", 415),
            ("application/x-www-form-urlencoded", 415), ("text/json", 415), ("", 415), (nil, 415),
        ])
    func types(type: String?, status: Int) async throws {
        try await open { (venue: Venue) async throws -> Void in
            #expect(try await venue.deliver("{}", delivery: "d", changes: ["Content-Type": type]).status == status)
        }
    }

    @Test("A ping is answered and makes no job")
    func ping() async throws {
        try await open { venue in
            let reply = try await venue.deliver(#"{"zen":"x"}"#, event: "ping", delivery: "d")
            #expect(reply.status == 200)
            #expect(reply.text == #"{"ok":true}"#)
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == 0)
        }
    }

    @Test("The first route that matches decides; what none wants is ignored and counted")
    func routing() async throws {
        let routes: (String) throws -> [Route] = { queue in
            [
                Route(
                    source: "github", events: ["pull_request"], actions: ["opened"], type: "review", queue: queue,
                    priority: .high,
                    key: try KeyTemplate("{repository.full_name}")),
                Route(source: "github", events: ["pull_request"], type: "other", queue: queue, priority: .low),
            ]
        }
        try await open(routes: routes) { venue in
            let queue = try Queue(venue.queue, in: venue.store)
            let opened = try await venue.deliver(
                #"{"action":"opened","repository":{"full_name":"o/r"}}"#, event: "pull_request", delivery: "d1")
            let first = try #require(try await queue.job(id(opened)))
            #expect(first.type == "review" && first.priority == .high && first.key == "o/r")
            let closed = try await venue.deliver(#"{"action":"closed"}"#, event: "pull_request", delivery: "d2")
            let second = try #require(try await queue.job(id(closed)))
            #expect(second.type == "other" && second.priority == .low && second.key == nil)
            let push = try await venue.deliver("{}", event: "push", delivery: "d3")
            #expect(push.status == 200 && push.text == #"{"ignored":true}"#)
            #expect(try await queue.backlog().totals["unrouted"] == 1)
        }
    }

    @Test(
        "The largest body that GitHub sends is taken, byte for byte, by length and in chunks", arguments: [nil, 60_000])
    func largest(chunked: Int?) async throws {
        try await open { venue in
            let limit = 26_214_400
            let body = ByteBuffer(string: "\"" + String(repeating: "x", count: limit - 2) + "\"")
            let headers = [
                ("Content-Type", "application/json"), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d"),
                ("X-Hub-Signature-256", Venue.sign(body)),
            ]
            let reply = try await venue.wire.ask("POST", "/webhooks/github", headers, body: body, chunked: chunked)
            #expect(reply.status == 202)
            let record = try #require(try await Queue(venue.queue, in: venue.store).job(id(reply)))
            #expect(record.payload == body)
        }
    }

    @Test("One byte more is 413, by length and in chunks", arguments: [nil, 60_000])
    func tooLarge(chunked: Int?) async throws {
        try await open { venue in
            let body = ByteBuffer(repeating: UInt8(ascii: "1"), count: 26_214_401)
            let headers = [("Content-Type", "application/json"), ("X-Hub-Signature-256", Venue.sign(body))]
            let reply = try await venue.wire.ask("POST", "/webhooks/github", headers, body: body, chunked: chunked)
            #expect(reply.status == 413)
            #expect(reply.headers["content-type"] == "application/problem+json")
            #expect(try await venue.deliver("{}", delivery: "d").status == 202)
        }
    }
}
