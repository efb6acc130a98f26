import Foundation
import NIOCore
import Testing

extension EndToEnd {
    @Suite struct WebhookTests {
        @Test func `every delivery becomes one completed row about the right repository and actor, also sent twice`()
            async throws
        {
            let deliveries = try Delivery.all()
            #expect(deliveries.count >= 10)
            try await Plant.with { plant in
                let process = try await plant.started("all")
                var ids: [String: Delivery] = [:]
                for delivery in deliveries {
                    let reply = try await delivery.post(to: process)
                    if delivery.event == "ping" {
                        #expect(reply.status == 200, "\(delivery.name)")
                        continue
                    }
                    #expect(reply.status == 202, "\(delivery.name)")
                    #expect(reply.object["duplicate"] as? Bool == false)
                    ids[try #require(reply.object["id"] as? String)] = delivery
                }
                try await eventually("a completed row for each delivery") {
                    await plant.count("jobs", where: "state = 'completed'") == ids.count
                }
                let rows = try await plant.texts(
                    "SELECT (json_build_object('id', id, 'result', result, 'attempts', attempts))::text FROM penstock.jobs WHERE queue = '\(plant.queue)'"
                )
                #expect(rows.count == ids.count)
                for row in rows { try Self.check(row, ids) }

                for (id, delivery) in ids {
                    let reply = try await delivery.post(to: process)
                    #expect(reply.status == 200, "\(delivery.name)")
                    #expect(reply.object["duplicate"] as? Bool == true)
                    #expect(reply.object["id"] as? String == id)
                }
                let backlog = try await plant.backlog()
                #expect(backlog.waiting + backlog.running + backlog.delayed + backlog.parked + backlog.dead == 0)
                #expect(backlog.totals["completed"] == ids.count)
                #expect(await plant.count("jobs") == ids.count)
            }
        }

        private static func check(_ row: String?, _ ids: [String: Delivery]) throws {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data((row ?? "").utf8)) as? [String: Any])
            let delivery = try #require(ids[object["id"] as? String ?? ""])
            let payload =
                try JSONSerialization.jsonObject(with: Data(delivery.body.readableBytesView)) as? [String: Any]
            let result = try #require(object["result"] as? [String: Any], "\(delivery.name)")
            #expect(result["event"] as? String == delivery.event)
            #expect(
                result["repository"] as? String == (payload?["repository"] as? [String: Any])?["full_name"] as? String,
                "\(delivery.name)")
            #expect(
                result["actor"] as? String == (payload?["sender"] as? [String: Any])?["login"] as? String,
                "\(delivery.name)")
            #expect(result["action"] as? String == payload?["action"] as? String, "\(delivery.name)")
            #expect(object["attempts"] as? Int == 1)
        }

        @Test func `a signature that is not right is answered 401, and either secret of a rotation 202`() async throws {
            try await Plant.with { plant in
                let process = try await plant.started("all")
                let delivery = Delivery(event: "push", body: ByteBuffer(string: #"{"ref":"refs/heads/main"}"#))
                let right = delivery.signature()
                let wrong = [
                    nil, "", "sha256=", String(right.dropLast()), right + "0",
                    "sha256=" + String(repeating: "g", count: 64),
                    "sha256=" + String(repeating: "0", count: 64), delivery.signature(by: "another"),
                    String(right.dropFirst(7)), "sha1=" + right.dropFirst(7),
                ]
                for signature in wrong {
                    let reply = try await delivery.post(to: process, signature: signature)
                    #expect(reply.status == 401, "\(signature ?? "none")")
                }
                #expect(try await delivery.post(to: process, signature: right).status == 202)
                let next = Delivery(event: "push", body: delivery.body)
                #expect(
                    try await next.post(to: process, signature: next.signature(by: Delivery.nextSecret)).status == 202)
                try await eventually("two rows") { await plant.count("jobs", where: "state = 'completed'") == 2 }
            }
        }
    }
}
