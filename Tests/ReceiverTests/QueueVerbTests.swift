import Logging
import NIOCore
import Penstock
import Redis
import Servers
import Support
import Testing

@testable import Receiver

/// The verbs for a queue, over HTTP.
@Suite struct QueueVerbTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(_ body: (Venue) async throws -> Void) async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url), body)
    }

    @Test("A pause is told to the queue or to one type, shows in the backlog, and is ended by resume")
    func pause() async throws {
        try await open { venue in
            let whole = try await venue.api("POST", venue.path("/pause"))
            #expect(whole.status == 200)
            #expect(whole.text == #"{"queue":"\#(venue.queue)","answer":"paused"}"#)
            let type = try await venue.api("POST", venue.path("/pause"), body: #"{"type":"push"}"#)
            #expect(type.text == #"{"queue":"\#(venue.queue)","answer":"paused","type":"push"}"#)
            var backlog = try await venue.inside().backlog()
            #expect(backlog.isPaused && backlog.limits["paused:type:push"] != nil)
            #expect(try await venue.store.queues().contains(venue.queue))

            #expect(
                try await venue.api("POST", venue.path("/resume"), body: "{}").text.contains(#""answer":"resumed""#))
            backlog = try await venue.inside().backlog()
            #expect(!backlog.isPaused && backlog.limits["paused:type:push"] != nil)
            #expect(try await venue.api("POST", venue.path("/resume"), body: #"{"type":"push"}"#).status == 200)
            #expect(try await venue.inside().backlog().limits.isEmpty)
            #expect(try await venue.api("POST", venue.path("/pause"), body: #"{"type":""}"#).status == 400)
        }
    }

    @Test("A queue that drains refuses jobs with 429 and deliveries with 503, until it is resumed")
    func drain() async throws {
        try await open { venue in
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
            #expect(try await venue.api("POST", venue.path("/drain")).text.contains(#""answer":"draining""#))
            #expect(try await venue.api("GET", venue.path())["draining"].map { String(buffer: $0.bytes) } == "true")
            let job = try await venue.enqueue(#"{"type":"t"}"#)
            #expect(job.status == 429)
            #expect(job["detail"]?.string?.contains("drains") == true)
            #expect(try await venue.deliver("{}", delivery: "d").status == 503)
            #expect(try await venue.inside().backlog().waiting == 1)
            #expect(try await venue.api("POST", venue.path("/drain"), body: #"{"type":"t"}"#).status == 400)
            #expect(try await venue.api("POST", venue.path("/resume")).status == 200)
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
            #expect(try await venue.deliver("{}", delivery: "d").status == 202)
        }
    }

    @Test("A purge asks first, and takes what it is told and no more")
    func purge() async throws {
        try await open { venue in
            for type in ["a", "a", "b"] { _ = try await venue.add(type) }
            _ = try await venue.add("a") { $0.delay = .seconds(3600) }
            for body in ["", "{}", #"{"confirm":"yes"}"#, #"{"confirm":true}"#, #"{"confirm":"\#(venue.queue)x"}"#] {
                let reply = try await venue.api("POST", venue.path("/purge"), body: body)
                #expect(reply.status == 400)
                #expect(reply["detail"]?.string?.contains("confirm") == true)
            }
            for state in ["running", "completed", "gone"] {
                let body = #"{"confirm":"\#(venue.queue)","state":"\#(state)"}"#
                #expect(try await venue.api("POST", venue.path("/purge"), body: body).status == 400)
            }
            #expect(try await venue.inside().backlog().waiting == 3)
            func purge(_ more: String) async throws -> Int? {
                let reply = try await venue.api(
                    "POST", venue.path("/purge"), body: #"{"confirm":"\#(venue.queue)"\#(more)}"#)
                #expect(reply.status == 200 && reply["answer"]?.string == "purged")
                return reply["purged"]?.integer
            }
            #expect(try await purge(#","type":"a","state":"waiting""#) == 2)
            #expect(try await purge(#","state":"delayed""#) == 1)
            #expect(try await venue.inside().backlog().waiting == 1)
            #expect(try await purge("") == 1)
            #expect(try await purge("") == 0)
        }
    }

    @Test("A purge spares dead letters, unless it is told to take them")
    func purgeDead() async throws {
        try await open { venue in
            _ = try await venue.add()
            try await venue.bury(1)
            let all = try await venue.api("POST", venue.path("/purge"), body: #"{"confirm":"\#(venue.queue)"}"#)
            #expect(all["purged"]?.integer == 0)
            let dead = try await venue.api(
                "POST", venue.path("/purge"), body: #"{"confirm":"\#(venue.queue)","state":"dead"}"#)
            #expect(dead["purged"]?.integer == 1)
            #expect(try await venue.inside().backlog().dead == 0)
        }
    }

    @Test("A check counts and changes nothing; a repair mends")
    func check() async throws {
        try await open { venue in
            _ = try await venue.add { $0.delay = .seconds(3600) }
            let sound = try await venue.api("GET", venue.path("/check"))
            #expect(sound.status == 200)
            #expect(sound["findings"]?.elements(upTo: 9)?.isEmpty == true)
            #expect(try #require(sound["looked"]?.integer) > 0)

            // Somebody's hand: a delayed job that does not exist.
            let hand = venue.store.separateClient()
            _ = try await hand.send(Command("ZADD", "penstock:{\(venue.queue)}:delayed", "1", "ghost"))
            let found = try await venue.api("GET", venue.path("/check"))
            let finding = try #require(found["findings"]?.elements(upTo: 9)?.first)
            #expect(finding.value(at: ["code"])?.string == "orphan")
            #expect(finding.value(at: ["subject"])?.string == "ghost")
            #expect(finding.value(at: ["mended"]).map { String(buffer: $0.bytes) } == "false")
            let mended = try await venue.api("POST", venue.path("/repair"))
            #expect(mended.status == 200)
            #expect(mended.text.contains(#""mended":true"#))
            #expect(try await venue.api("GET", venue.path("/check")).text.contains(#""findings":[]"#))
            await hand.shutdown()
        }
    }

    @Test("What takes longer than a request may is answered with 202, goes on, and is not begun twice")
    func errands() async throws {
        let redis = try RedisServer.started(appendOnly: false)
        defer { redis.stop() }
        var plan = Venue.Plan(url: redis.url, patience: .milliseconds(50))
        plan.patienceForMany = .milliseconds(50)
        try await Venue.open(plan) { venue in
            _ = try await venue.add()
            redis.suspend()
            let body = #"{"confirm":"\#(venue.queue)"}"#
            let first = try await venue.api("POST", venue.path("/purge"), body: body)
            let second = try await venue.api("POST", venue.path("/purge"), body: body)
            redis.resume()
            #expect(first.status == 202)
            #expect(first.text == #"{"queue":"\#(venue.queue)","answer":"purging"}"#)
            #expect(second.status == 409)
            let deadline = ContinuousClock.now + .seconds(30)
            while try await venue.inside().backlog().waiting > 0 {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    @Test("A parameter that no path knows is refused, so that nothing that was meant is lost")
    func parameters() async throws {
        try await open { venue in
            for (method, path) in [
                ("POST", "/jobs?delay=1h"), ("GET", "?x=1"), ("GET", "/settings?x=1"), ("POST", "/pause?type=t"),
            ] {
                let reply = try await venue.api(
                    method, venue.path(path), body: method == "POST" ? #"{"type":"t"}"# : "")
                #expect(reply.status == 400, "\(path)")
                #expect(reply["detail"]?.string?.contains("is unknown") == true)
            }
            #expect(try await venue.api("GET", "/v1/workers?x=1").status == 400)
            #expect(try await venue.inside().backlog().waiting == 0)
        }
    }

    @Test("What was promised with 202 and is cut short by the end of the process is told")
    func cut() async throws {
        let redis = try RedisServer.started(appendOnly: false)
        defer { redis.stop() }
        let lines = Lines()
        var plan = Venue.Plan(url: redis.url, patience: .milliseconds(50))
        plan.patienceForMany = .milliseconds(50)
        plan.logger = Logger(label: "test") { _ in lines }
        let told = "Work on a queue goes on while this process stops; unless its end is logged, ask for the rest again"
        try await Venue.open(plan) { venue in
            _ = try await venue.add()
            redis.suspend()
            let body = #"{"confirm":"\#(venue.queue)"}"#
            #expect(try await venue.api("POST", venue.path("/purge"), body: body).status == 202)
            #expect(!lines.contains(told))
        }
        #expect(lines.count(told) == 1)
    }

    @Test("A queue shows its bounds, its limits, what they stop and who holds their slots; workers are listed")
    func backlog() async throws {
        try await open { venue in
            _ = try await venue.inside().configure([
                "concurrency:key": "1", "maxLength": "10", "maxBytes": "1000", "refuse": "low",
                "policy": "strict",
            ])
            for _ in 0..<2 { _ = try await venue.add { $0.key = "o/r" } }
            let handlers: [String: Handler] = [
                "t": { _ in
                    try await Task.sleep(for: .seconds(600)); return .none
                }
            ]
            try await venue.work(
                handlers,
                during: {
                    let reply = try await venue.api("GET", venue.path())
                    #expect(reply.status == 200)
                    #expect(reply["queue"]?.string == venue.queue && reply["running"]?.integer == 1)
                    #expect(reply["max_length"]?.integer == 10 && reply["max_bytes"]?.integer == 1000)
                    #expect(reply["bytes"]?.integer == 4 && reply["refuse"]?.string == "low")
                    #expect(reply["policy"]?.string == "strict")
                    #expect(reply["fair"].map { String(buffer: $0.bytes) } == "false")
                    #expect(reply["parked"]?.integer == 1 && reply["stopped", "concurrency:key:o/r"]?.integer == 1)
                    #expect(reply["limits", "concurrency:key"]?.string == "1")
                    #expect(reply["slots", "concurrency:key:o/r"]?.integer == 1)
                    let workers = try await venue.api("GET", "/v1/workers")
                    #expect(workers.status == 200)
                    let mine = try #require(
                        workers["workers"]?.elements(upTo: 1000)?.first {
                            $0.value(at: ["queues"])?.elements(upTo: 9)?.contains { $0.string == venue.queue } == true
                        })
                    #expect(mine.value(at: ["types"])?.elements(upTo: 9)?.map(\.string) == ["t"])
                    #expect(mine.value(at: ["seen_at"])?.string.flatMap(TimeText.date) != nil)
                    let metrics = try await venue.wire.ask("GET", "/metrics").text
                    let labels = "{queue=\"\(venue.queue)\",limit=\"concurrency:key\"}"
                    #expect(metrics.contains("\npenstock_slots\(labels) 1\n"))
                    #expect(metrics.contains("\npenstock_stopped\(labels) 1\n"))
                    #expect(metrics.contains("penstock_payload_bytes{queue=\"\(venue.queue)\"} 4\n"))
                }, until: { $0.running == 1 && !$0.stopped.isEmpty })
        }
    }
}
