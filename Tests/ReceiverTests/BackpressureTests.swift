import NIOCore
import Penstock
import Redis
import Servers
import Support
import Testing

@testable import Receiver

@Suite struct BackpressureTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func isRefusal(_ reply: Wire.Reply, _ status: Int) -> Bool {
        reply.status == status && reply.headers["retry-after"].flatMap { Int($0) } != nil
            && reply.headers["content-type"] == "application/problem+json"
    }

    @Test("A full queue is 429 for the API and 503 for webhooks, and takes jobs above the level that it refuses")
    func full() async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url)) { venue in
            _ = try await venue.inside().configure(["maxLength": "1", "refuse": "normal"])
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
            let refused = try await venue.enqueue(#"{"type":"t"}"#)
            #expect(isRefusal(refused, 429))
            #expect(refused["detail"]?.string?.contains("holds 1 jobs, its maxLength") == true)
            #expect(isRefusal(try await venue.deliver("{}", delivery: "d"), 503))
            let array = try await venue.enqueue(#"[{"type":"t"},{"type":"t","priority":"high"}]"#)
            #expect(
                try RawJSON(array.body).elements(upTo: 9)?.map { $0.value(at: ["status"])?.integer } == [429, 202])
            #expect(try await venue.inside().backlog().waiting == 2)
        }
    }

    /// A server that is well over 90 % full, also when its buffers are freed, and yet far from refusing anything by itself.
    private func fill(_ venue: Venue, share: Double = 0.94) async throws {
        let payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: 200_000)
        var memory = try await venue.store.memory()
        while Double(memory.used) <= Double(try #require(memory.limit)) * share {
            _ = try await venue.inside().enqueue(NewJob(type: "large", payload: payload))
            memory = try await venue.store.memory()
        }
    }

    @Test("Over the memory mark jobs and deliveries are 503, while finishing, reading and operating go on")
    func memory() async throws {
        let redis = try RedisServer.started(appendOnly: false, extra: ["--maxmemory", "40mb"])
        defer { redis.stop() }
        var plan = Venue.Plan(url: redis.url)
        plan.memoryMark = (MemoryMark.usual, .zero)
        try await Venue.open(plan) { venue in
            let first = try await venue.enqueue(#"{"type":"t"}"#)
            #expect(first.status == 202)
            try await fill(venue)
            for _ in 0..<2 {
                let reply = try await venue.enqueue(#"{"type":"t"}"#)
                #expect(isRefusal(reply, 503))
                #expect(reply["detail"]?.string?.contains("memory") == true)
            }
            let array = try await venue.enqueue(#"[{"type":"t"},{"typ":"t"}]"#)
            #expect(
                try RawJSON(array.body).elements(upTo: 9)?.map { $0.value(at: ["status"])?.integer } == [503, 400])
            #expect(isRefusal(try await venue.deliver("{}", delivery: "d"), 503))
            // Redis itself would still take it: the mark is below its bound.
            _ = try await venue.add("t")

            #expect(try await venue.api("GET", "/v1/queues").status == 200)
            #expect(try await venue.api("GET", venue.path("/check")).status == 200)
            let id = try #require(first["id"]?.string)
            #expect(try await venue.api("POST", venue.path("/jobs/\(id)/move"), body: #"{"priority":0}"#).status == 200)
            let none: Handler = { _ in .none }
            try await venue.work(["t": none, "large": none], until: { $0.waiting + $0.running + $0.parked == 0 })
            #expect(try await venue.inside().backlog().totals["completed"] ?? 0 > 2)
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
            #expect(try await venue.deliver("{}", delivery: "d").status == 202)
        }
    }

    @Test("A look at the memory holds for its time, whoever asks, and nobody looks while nobody asks")
    func looks() async throws {
        let redis = try RedisServer.started(appendOnly: false, extra: ["--maxmemory", "40mb"])
        defer { redis.stop() }
        var plan = Venue.Plan(url: redis.url)
        plan.memoryMark = (MemoryMark.usual, .seconds(3600))
        try await Venue.open(plan) { venue in
            func looks() async throws -> Int {
                let hand = venue.store.separateClient()
                let text = try await hand.send(Command("INFO", "commandstats")).string ?? ""
                await hand.shutdown()
                let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_info:calls=") }
                return Int(line?.split(separator: "=")[1].prefix { $0 != "," } ?? "") ?? 0
            }
            let before = try await looks()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let job = try await venue.enqueue(#"{"type":"t"}"#)
                        let delivery = try await venue.deliver("{}", delivery: "d\(number)")
                        #expect(job.status == 202 && delivery.status == 202)
                    }
                }
                try await group.waitForAll()
            }
            // This function's own look is the second one.
            #expect(try await looks() - before == 2)
            // What was seen holds: this refusal could only come from Redis itself.
            try await fill(venue)
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
        }
    }

    @Test("Without maxmemory there is no mark")
    func unlimited() async throws {
        var plan = Venue.Plan(url: try Self.redis.get().url)
        plan.memoryMark = (0, .zero)
        try await Venue.open(plan) { (venue: Venue) async throws -> Void in
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 202)
        }
    }

    @Test("The memory of Redis is among the metrics, its bound only where it has one")
    func metrics() async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url)) { venue in
            let text = try await venue.wire.ask("GET", "/metrics").text
            #expect(text.contains("\npenstock_redis_memory_bytes "))
            #expect(!text.contains("penstock_redis_memory_max_bytes"))
        }
        let redis = try RedisServer.started(appendOnly: false, extra: ["--maxmemory", "40mb"])
        defer { redis.stop() }
        try await Venue.open(Venue.Plan(url: redis.url)) { venue in
            try await venue.inside().drain()
            let text = try await venue.wire.ask("GET", "/metrics").text
            #expect(text.contains("\npenstock_redis_memory_max_bytes 41943040\n"))
            #expect(text.contains("\npenstock_draining{queue=\"\(venue.queue)\"} 1\n"))
            for total in ["replaced", "skipped", "snoozed", "requeued", "resolved", "expired"] {
                #expect(text.contains("\npenstock_\(total)_total{queue=\"\(venue.queue)\"} 0\n"))
            }
        }
    }
}
