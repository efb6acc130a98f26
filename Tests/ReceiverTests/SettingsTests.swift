import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

@Suite struct SettingsTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(_ body: (Venue) async throws -> Void) async throws {
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url), body)
    }

    @Test("Settings are shown with their defaults, changed by name, and go back to the default by null")
    func changes() async throws {
        try await open { venue in
            let before = try await venue.api("GET", venue.path("/settings"))
            #expect(before.status == 200)
            #expect(before["settings", "lease"]?.string == "30000" && before["defaults", "lease"]?.string == "30000")
            let reply = try await venue.api(
                "PATCH", venue.path("/settings"),
                body: #"{"lease":"1m","maxLength":100,"fair":true,"rate:type:push":"10/1s/5","weights":"5:3:1"}"#)
            #expect(reply.status == 200)
            #expect(reply["queue"]?.string == venue.queue)
            let changes = try #require(reply["changes"]?.elements(upTo: 9))
            #expect(changes.count == 5)
            let lease = try #require(changes.first { $0.value(at: ["name"])?.string == "lease" })
            #expect(lease.value(at: ["old"])?.string == "30000" && lease.value(at: ["new"])?.string == "60000")
            let after = try await venue.api("GET", venue.path("/settings"))
            #expect(after["settings", "rate:type:push"]?.string == "10/1000/5")
            #expect(after["settings", "fair"]?.string == "yes" && after["settings", "maxLength"]?.string == "100")
            #expect(after["defaults", "maxLength"]?.string == "0")
            #expect(try await venue.api("GET", venue.path())["fair"].map { String(buffer: $0.bytes) } == "true")
            #expect(try await venue.store.queues().contains(venue.queue))

            let back = try await venue.api(
                "PATCH", venue.path("/settings"), body: #"{"lease":null,"rate:type:push":null,"fair":false}"#)
            #expect(back["changes"]?.elements(upTo: 9)?.count == 3)
            let end = try await venue.api("GET", venue.path("/settings"))
            #expect(end["settings", "lease"]?.string == "30000" && end["settings", "rate:type:push"] == nil)
        }
    }

    @Test("What is shown can be sent back as it is, and changes nothing")
    func roundTrip() async throws {
        try await open { venue in
            _ = try await venue.inside().configure([
                "concurrency:key": "2", "rate:type:push": "10/1000/5", "retries": "1/1000", "record": "yes",
            ])
            let shown = try #require(try await venue.api("GET", venue.path("/settings"))["settings"])
            let reply = try await venue.api("PATCH", venue.path("/settings"), body: String(buffer: shown.bytes))
            #expect(reply.status == 200)
            #expect(reply["changes"]?.elements(upTo: 9)?.isEmpty == true)
        }
    }

    @Test("Switches are no settings: they have verbs of their own")
    func switches() async throws {
        try await open { venue in
            try await venue.inside().pause()
            try await venue.inside().pause(type: "t")
            try await venue.inside().drain()
            let text = try await venue.api("GET", venue.path("/settings")).text
            #expect(!text.contains("paused") && !text.contains("draining"))
            #expect(try await venue.api("PATCH", venue.path("/settings"), body: #"{"paused":false}"#).status == 400)
        }
    }

    @Test(
        "One wrong setting is 400, says which, and changes nothing",
        arguments: [
            (#"{"maxLength":1,"leas":"1m"}"#, "leas"), (#"{"maxLength":1,"lease":"1ms"}"#, "lease"),
            (#"{"maxLength":1,"lease":"soon"}"#, "lease"), (#"{"maxLength":1,"fair":2}"#, "fair"),
            (#"{"maxLength":1,"policy":"random"}"#, "policy"), (#"{"maxLength":1,"maxBytes":1.5}"#, "maxBytes"),
            (#"{"maxLength":1,"weights":[6,3,1]}"#, "weights"), (#"{"maxLength":1,"maxLength":2}"#, "twice"),
            (#"{"maxLength":1,"concurrency":1,"concurrency:key":1,"rate:type:t":"1/1s"}"#, "two"),
            ("[]", "object"), ("", "JSON"),
        ])
    func mistakes(body: String, named: String) async throws {
        try await open { venue in
            let reply = try await venue.api("PATCH", venue.path("/settings"), body: body)
            #expect(reply.status == 400)
            #expect(reply["detail"]?.string?.contains(named) == true, "\(reply.text)")
            #expect(try await venue.inside().backlog().maxLength == 0)
        }
    }
}
