import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

/// The verbs for one job, over HTTP.
@Suite struct JobVerbTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(_ body: (Venue) async throws -> Void) async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url), body)
    }

    @Test("A waiting job is cancelled at once, and then it is gone")
    func cancelWaiting() async throws {
        try await open { venue in
            let id = try await venue.add()
            let reply = try await venue.api("POST", venue.path("/jobs/\(id)/cancel"))
            #expect(reply.status == 200)
            #expect(reply.text == #"{"id":"\#(id)","queue":"\#(venue.queue)","answer":"cancelled"}"#)
            #expect(try await venue.inside().backlog().totals["cancelled"] == 1)
            #expect(try await venue.api("POST", venue.path("/jobs/\(id)/cancel")).status == 404)
        }
    }

    @Test("A running job is told to end, shows so, and can be neither moved nor requeued nor resolved")
    func cancelRunning() async throws {
        try await open { venue in
            let id = try await venue.add()
            let handlers: [String: Handler] = [
                "t": { _ in
                    try await Task.sleep(for: .seconds(600)); return .none
                }
            ]
            try await venue.work(
                handlers,
                during: {
                    let shown = try await venue.api("GET", venue.path("/jobs/\(id)"))
                    #expect(shown["state"]?.string == "running")
                    #expect(shown["cancelling"].map { String(buffer: $0.bytes) } == "false")
                    for (verb, body) in [
                        ("move", #"{"delay":"1h"}"#), ("move", #"{"queue":"other"}"#), ("requeue", ""),
                        ("resolve", #"{"note":"x"}"#),
                    ] {
                        let reply = try await venue.api("POST", venue.path("/jobs/\(id)/\(verb)"), body: body)
                        #expect(reply.status == 409, "\(verb) \(body)")
                        #expect(reply.headers["content-type"] == "application/problem+json")
                    }
                    let reply = try await venue.api("POST", venue.path("/jobs/\(id)/cancel"), body: "{}")
                    #expect(reply.status == 202)
                    #expect(reply["answer"]?.string == "cancelling")
                    let then = try await venue.api("GET", venue.path("/jobs/\(id)"))
                    #expect(then["cancelling"].map { String(buffer: $0.bytes) } == "true")
                    #expect(
                        try await venue.api("GET", venue.path("/jobs/\(id)/why"))["why"]?.string?.contains(
                            "its cancellation asked for") == true)
                }, until: { $0.running == 1 })
        }
    }

    @Test("A job moves to another level and another time")
    func move() async throws {
        try await open { venue in
            let id = try await venue.add()
            let later = try await venue.api(
                "POST", venue.path("/jobs/\(id)/move"), body: #"{"delay":"1h","priority":"low"}"#)
            #expect(later.status == 200)
            #expect(later.text == #"{"id":"\#(id)","queue":"\#(venue.queue)","answer":"moved"}"#)
            let job = try #require(try await venue.inside().job(id))
            #expect(job.state == .delayed && job.priority == .low)
            #expect(
                try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: #"{"delay":0,"priority":1}"#).status
                    == 200)
            let now = try #require(try await venue.inside().job(id))
            #expect(now.state == .waiting && now.priority == .high)
        }
    }

    @Test("A job moves to another queue, keeps its id and is there alone")
    func moveAway() async throws {
        try await open { venue in
            let id = try await venue.add { $0.priority = .low }
            let other = try Queue("\(venue.queue)/other", in: venue.store)
            let reply = try await venue.api(
                "POST", venue.path("/jobs/\(id)/move"), body: #"{"queue":"\#(other.name)"}"#)
            #expect(reply.status == 200)
            #expect(reply.text == #"{"id":"\#(id)","queue":"\#(other.name)","answer":"moved"}"#)
            #expect(try await other.job(id)?.priority == .low)
            #expect(try await venue.inside().job(id) == nil)
        }
    }

    @Test("A queue that has the id, or takes no jobs, gets none, and the job stays")
    func moveRefused() async throws {
        try await open { venue in
            let id = try await venue.add()
            let other = try Queue("\(venue.queue)-other", in: venue.store)
            var taken = NewJob(type: "another", payload: ByteBuffer(string: "1"))
            taken.id = id
            _ = try await other.enqueue(taken)
            let body = #"{"queue":"\#(other.name)"}"#
            let duplicate = try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: body)
            #expect(duplicate.status == 200)
            #expect(duplicate["answer"]?.string == "duplicate")
            #expect(try await venue.inside().job(id)?.state == .waiting)
            _ = try await other.cancel(id)
            try await other.drain()
            let full = try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: body)
            #expect(full.status == 429)
            #expect(full.headers["retry-after"].flatMap { Int($0) } != nil)
            #expect(try await venue.inside().job(id)?.state == .waiting)
        }
    }

    @Test(
        "A move that says nothing, or too much, is refused",
        arguments: [
            ("", "neither"), ("{}", "neither"), (#"{"priority":null}"#, "neither"),
            (#"{"priority":"urgent"}"#, "priority"),
            (#"{"delay":"soon"}"#, "delay"), (#"{"queue":"a b"}"#, "queue"), (#"{"queue":"o","delay":1}"#, "twice"),
            (#"{"to":"o"}"#, "the field to is unknown"), ("[]", "object"), ("{", "JSON"),
        ])
    func moveMistakes(body: String, named: String) async throws {
        try await open { venue in
            let id = try await venue.add()
            let reply = try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: body)
            #expect(reply.status == 400)
            #expect(reply["detail"]?.string?.contains(named) == true, "\(reply.text)")
            let here = #"{"queue":"\#(venue.queue)"}"#
            #expect(try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: here).status == 400)
            #expect(try await venue.inside().job(id)?.state == .waiting)
        }
    }

    @Test("A dead letter is requeued, shows what went wrong before, and is no letter any more")
    func requeue() async throws {
        try await open { venue in
            let id = try await venue.add { $0.unique = "u" }
            try await venue.bury(1)
            #expect(try await venue.api("POST", venue.path("/jobs/\(id)/cancel")).status == 409)
            let reply = try await venue.api("POST", venue.path("/jobs/\(id)/requeue"), body: #"{"delay":"1h"}"#)
            #expect(reply.status == 202)
            #expect(reply["answer"]?.string == "queued")
            let shown = try await venue.api("GET", venue.path("/jobs/\(id)"))
            #expect(shown["state"]?.string == "delayed" && shown["attempts"]?.integer == 0)
            #expect(shown["unique"]?.string == "u" && shown["crashes"]?.integer == 0)
            #expect(shown["snoozes"]?.integer == 0)
            let failures = try #require(shown["failures"]?.elements(upTo: 9))
            #expect(failures.map { $0.value(at: ["error"])?.string } == ["t: out of luck"])
            #expect(failures.map { $0.value(at: ["attempt"])?.integer } == [1])
            #expect(failures.first?.value(at: ["at"])?.string.flatMap(TimeText.date) != nil)
            #expect(failures.first?.value(at: ["worker"])?.string != nil)
            #expect(try await venue.api("POST", venue.path("/jobs/\(id)/requeue")).status == 409)
        }
    }

    @Test("A letter whose unique key has been taken stays, and the answer names the job that has it")
    func requeueDuplicate() async throws {
        try await open { venue in
            let id = try await venue.add { $0.unique = "u" }
            try await venue.bury(1)
            let second = try await venue.add { $0.unique = "u" }
            let reply = try await venue.api("POST", venue.path("/jobs/\(id)/requeue"))
            #expect(reply.status == 200)
            #expect(reply["answer"]?.string == "duplicate" && reply["id"]?.string == second)
            #expect(try await venue.inside().job(id)?.state == .dead)
        }
    }

    @Test("A dead letter is resolved with a note, and only with one")
    func resolve() async throws {
        try await open { venue in
            let id = try await venue.add()
            #expect(
                try await venue.api("POST", venue.path("/jobs/\(id)/resolve"), body: #"{"note":"x"}"#).status == 409)
            try await venue.bury(1)
            for body in [
                "", "{}", #"{"note":""}"#, #"{"note":1}"#, #"{"note":"\#(String(repeating: "x", count: 1001))"}"#,
            ] {
                #expect(try await venue.api("POST", venue.path("/jobs/\(id)/resolve"), body: body).status == 400)
            }
            let reply = try await venue.api(
                "POST", venue.path("/jobs/\(id)/resolve"), body: #"{"note":"mended\nby hand"}"#)
            #expect(reply.status == 200)
            #expect(reply["answer"]?.string == "resolved")
            #expect(try await venue.inside().job(id) == nil)
            #expect(try await venue.inside().backlog().totals["resolved"] == 1)
        }
    }

    @Test("Why is one sentence")
    func why() async throws {
        try await open { venue in
            let id = try await venue.add { $0.priority = .high }
            try await venue.inside().pause()
            let reply = try await venue.api("GET", venue.path("/jobs/\(id)/why"))
            #expect(reply.status == 200)
            let sentence = try #require(reply["why"]?.string)
            #expect(sentence.contains("level high") && sentence.contains("paused"))
        }
    }

    @Test("A job that nobody has is 404 for every verb", arguments: [Endpoint.why, .cancel, .move, .requeue, .resolve])
    func unknown(endpoint: Endpoint) async throws {
        try await open { venue in
            let ask = Ask(endpoint, endpoint.methods[0], queue: venue.queue, id: "no%2Fbody")
            let reply = try await venue.api(ask.method, ask.path, body: ask.body)
            #expect(reply.status == 404)
            #expect(reply.headers["content-type"] == "application/problem+json")
            #expect(reply["detail"]?.string?.contains("no/body") == true)
        }
    }
}
