import Foundation
import NIOCore
import Testing

extension EndToEnd {
    @Suite struct RolesTests {
        @Test func `four processes with a role each make the same row as one with all`() async throws {
            let star = try #require(try Delivery.all().first { $0.event == "star" })
            try await Plant.with { plant in
                let receiver = try await plant.started("receiver")
                for role in ["worker", "scheduler", "sink"] { _ = try await plant.started(role) }
                #expect(try await star.post(to: receiver).status == 202)
                let apart = try await Self.row(plant)
                try await Plant.with { plant in
                    let all = try await plant.started("all")
                    #expect(try await Delivery(event: star.event, body: star.body).post(to: all).status == 202)
                    #expect(try await Self.row(plant) == apart)
                }
            }
        }

        /// The one row, without what cannot be the same twice.
        private static func row(_ plant: Plant) async throws -> String {
            try await eventually("the row") { await plant.count("jobs", where: "state = 'completed'") == 1 }
            let facts =
                "'{id,queue,enqueued_at,started_at,finished_at,run_ms,wait_ms,worker,event_ms,event_seq}'::text[]"
            let rows = try await plant.texts(
                "SELECT (to_jsonb(j) - \(facts))::text FROM penstock.jobs j WHERE queue = '\(plant.queue)'")
            return try #require(rows.first ?? nil)
        }

        @Test func `backlog and job agree about where a job is`() async throws {
            try await Plant.with(jobs: ["echo: { exec: [cat] }", "bury: { exec: [sh, -c, 'exit 65'] }"]) { plant in
                func enqueue(_ arguments: String...) async throws -> String {
                    let all = ["enqueue", plant.queue] + arguments
                    let finished = try await Finished.run(
                        Product.path.get(), all, in: plant.folder, environment: ["REDIS_URL": plant.redis.url],
                        input: Data(#"{"from":"stdin"}"#.utf8))
                    #expect(finished.code == 0, "\(finished.errors)")
                    return finished.output.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
                }
                let waiting = try await enqueue("echo", "-")
                let delayed = try await enqueue("echo", "{}", "--delay", "1h")
                #expect(try await Self.state(waiting, plant) == "waiting")
                #expect(try await Self.state(delayed, plant) == "delayed")
                #expect(
                    try await Self.counts(plant) == ["waiting": 1, "running": 0, "delayed": 1, "parked": 0, "dead": 0])

                _ = try await plant.started("all")
                let dead = try await enqueue("bury", "{}")
                let parked = try await enqueue("nobody", "{}")
                try await eventually("the ends and the parking of jobs") {
                    let backlog = try await plant.backlog()
                    return backlog.dead == 1 && backlog.parked == 1 && backlog.totals["completed"] == 1
                }
                #expect(
                    try await Self.counts(plant) == ["waiting": 0, "running": 0, "delayed": 1, "parked": 1, "dead": 1])
                #expect(try await Self.state(dead, plant) == "dead")
                #expect(try await Self.state(parked, plant) == "parked")
                try await eventually("the row") { await plant.count("jobs", where: "state = 'completed'") == 1 }
                let ended = try await plant.penstock("job", waiting, "--json").object
                #expect(ended["state"] as? String == "completed")
                #expect((ended["result"] as? [String: String]) == ["from": "stdin"])
                #expect(try await plant.penstock("job", "no-such-job").code == 1)
            }
        }

        private static func state(_ id: String, _ plant: Plant) async throws -> String? {
            let finished = try await plant.penstock("job", id, "--json")
            #expect(finished.code == 0, "\(finished.errors)")
            return finished.object["state"] as? String
        }

        private static func counts(_ plant: Plant) async throws -> [String: Int] {
            let finished = try await plant.penstock("backlog", plant.queue, "--json")
            let queue = (finished.object["queues"] as? [[String: Any]])?.first ?? [:]
            return queue.filter { ["waiting", "running", "delayed", "parked", "dead"].contains($0.key) }
                .compactMapValues { $0 as? Int }
        }
    }
}
