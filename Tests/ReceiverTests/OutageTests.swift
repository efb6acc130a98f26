import Foundation
import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

@Suite struct OutageTests {
    /// A path where no server is: connecting fails at once.
    private var nowhere: String { "unix://\(temporaryDirectory())/none.sock" }

    private func timed<Value>(_ body: () async throws -> Value) async rethrows -> (Value, Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        let value = try await body()
        return (value, clock.now - start)
    }

    private func expectUnavailable(_ reply: Wire.Reply, after time: Duration) {
        #expect(reply.status == 503)
        #expect(reply.headers["retry-after"].flatMap { Int($0) } != nil)
        #expect(reply.headers["content-type"] == "application/problem+json")
        // The promise is 2 s. A test machine that is busy with other suites gets as much again; without the deadline
        // it would be the 5 s of Redis's commands.
        #expect(time < .seconds(4))
    }

    @Test(
        "With Redis away a webhook and a job are refused with 503 within two seconds, and nothing of the server is told"
    )
    func away() async throws {
        let url = nowhere
        try await Venue.open(Venue.Plan(url: url, patience: nil)) { venue in
            let (webhook, time) = try await timed { try await venue.deliver("{}", delivery: "d") }
            expectUnavailable(webhook, after: time)
            let (job, jobTime) = try await timed { try await venue.enqueue(#"{"type":"t"}"#) }
            expectUnavailable(job, after: jobTime)
            for reply in [webhook, job] { #expect(!reply.text.contains("none.sock")) }
            let array = try await venue.enqueue(#"[{"type":"t"},{"type":1}]"#)
            #expect(array.status == 200)
            #expect(try RawJSON(array.body).elements(upTo: 9)?.map { $0.value(at: ["status"])?.integer } == [503, 400])
            for path in ["/v1/queues", "/v1/queues/q/jobs/x"] {
                #expect(try await venue.api("GET", path).status == 503)
            }
        }
    }

    @Test("With Redis silent a webhook is refused within two seconds, and may come again when Redis is back")
    func silent() async throws {
        let redis = try RedisServer.started(appendOnly: false)
        defer { redis.stop() }
        try await Venue.open(Venue.Plan(url: redis.url, patience: nil)) { venue in
            try await venue.store.connect(within: .seconds(30))
            redis.suspend()
            let (reply, time) = try await timed { try await venue.deliver("{}", delivery: "d") }
            redis.resume()
            expectUnavailable(reply, after: time)
            // Redis may have taken it after the deadline; either way there is one job in the end.
            let deadline = ContinuousClock.now + .seconds(10)
            var again = try await venue.deliver("{}", delivery: "d")
            while again.status == 503, ContinuousClock.now < deadline {
                again = try await venue.deliver("{}", delivery: "d")
            }
            #expect([200, 202].contains(again.status))
            #expect(try await venue.deliver("{}", delivery: "d").status == 200)
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == 1)
        }
    }

    @Test("A refusal does not depend on Redis: what is wrong is said also when it is away")
    func refusals() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { (venue: Venue) async throws -> Void in
            #expect(try await venue.deliver("{}", delivery: "d", changes: ["X-Hub-Signature-256": nil]).status == 401)
            #expect(try await venue.deliver("{", delivery: "d").status == 400)
            #expect(try await venue.deliver("{}", event: "ping", delivery: "d").status == 200)
            #expect(try await venue.enqueue(#"{"type":1}"#).status == 400)
        }
    }

    @Test("A full Redis is 503, and what was taken before stays")
    func full() async throws {
        let redis = try RedisServer.started(appendOnly: false, extra: ["--maxmemory", "5mb"])
        defer { redis.stop() }
        try await Venue.open(Venue.Plan(url: redis.url)) { venue in
            let body = "\"" + String(repeating: "x", count: 500_000) + "\""
            var statuses: [Int] = []
            for number in 0..<20 where statuses.last != 503 {
                statuses.append(try await venue.deliver(body, delivery: "d\(number)").status)
            }
            #expect(statuses.first == 202)
            #expect(statuses.last == 503)
            #expect(try await Queue(venue.queue, in: venue.store).backlog().waiting == statuses.count { $0 == 202 })
        }
    }

    @Test("Alive is not ready: readiness names everything that is missing")
    func readiness() async throws {
        let checks = [
            ReadinessCheck("postgres") { "connection refused" }, ReadinessCheck("fine") { nil },
            ReadinessCheck("redis") {
                try? await Task.sleep(for: .seconds(60))
                return nil
            },
        ]
        try await Venue.open(Venue.Plan(url: nowhere, readiness: checks, patience: nil)) { venue in
            #expect(try await venue.wire.ask("GET", "/healthz").status == 200)
            let (reply, time) = try await timed { try await venue.wire.ask("GET", "/readyz") }
            #expect(reply.status == 503)
            #expect(time < .seconds(30))
            let json = try RawJSON(reply.body)
            let missing = try #require(json.value(at: ["missing"])?.elements(upTo: 9))
            #expect(missing.map { $0.value(at: ["name"])?.string } == ["postgres", "redis"])
            #expect(missing[0].value(at: ["reason"])?.string == "connection refused")
            #expect(json.value(at: ["detail"])?.string?.contains("postgres (connection refused)") == true)
        }
        try await Venue.open(Venue.Plan(url: nowhere, readiness: [checks[1]])) { (venue: Venue) async throws -> Void in
            #expect(try await venue.wire.ask("GET", "/readyz").text == #"{"ready":true}"#)
        }
    }

    @Test("Metrics tell what the process knows also without Redis, and that it is away")
    func metricsAway() async throws {
        let histogram = HistogramSnapshot(
            name: "penstock_run_seconds", help: "Run times.", labels: [("type", "t")], buckets: [(1, 2)], sum: 1,
            count: 2)
        try await Venue.open(Venue.Plan(url: nowhere, histograms: [histogram])) { venue in
            _ = try await venue.deliver("{}", delivery: "d", changes: ["X-Hub-Signature-256": nil])
            let reply = try await venue.wire.ask("GET", "/metrics")
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(reply.text.contains("penstock_up{dependency=\"redis\"} 0\n"))
            #expect(reply.text.contains("penstock_http_answers_total{door=\"webhooks\",status=\"401\"} 1\n"))
            #expect(reply.text.contains("penstock_run_seconds_count{type=\"t\"} 2\n"))
        }
    }

    @Test("Metrics show each queue's depth by level, its oldest job's age and its totals")
    func metrics() async throws {
        let redis = try RedisServer.started(appendOnly: false)
        defer { redis.stop() }
        try await Venue.open(Venue.Plan(url: redis.url, routes: { _ in [] })) { venue in
            _ = try await venue.enqueue(
                #"[{"type":"t","priority":"high"},{"type":"t","delay":"1h"},{"type":"t","unique":"u"},{"type":"t","unique":"u"}]"#
            )
            _ = try await venue.deliver("{}", delivery: "d")
            let text = try await venue.wire.ask("GET", "/metrics").text
            for line in [
                "penstock_up{dependency=\"redis\"} 1", "penstock_waiting{queue=\"\(venue.queue)\",level=\"high\"} 1",
                "penstock_waiting{queue=\"\(venue.queue)\",level=\"normal\"} 1",
                "penstock_waiting{queue=\"\(venue.queue)\",level=\"low\"} 0",
                "penstock_running{queue=\"\(venue.queue)\",level=\"high\"} 0",
                "penstock_delayed{queue=\"\(venue.queue)\"} 1",
                "penstock_accepted_total{queue=\"\(venue.queue)\"} 3",
                "penstock_duplicate_total{queue=\"\(venue.queue)\"} 1",
                "penstock_unrouted_here_total 1",
            ] { #expect(text.contains(line + "\n"), "\(line)") }
            #expect(text.contains("penstock_oldest_waiting_seconds{queue=\"\(venue.queue)\",level=\"high\"} "))
        }
    }
}
