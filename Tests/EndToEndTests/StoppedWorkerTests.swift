import Foundation
import Penstock
import Testing

extension EndToEnd {
    @Suite struct StoppedWorkerTests {
        @Test func `a stopped worker that wakes after its lease was recovered can finish nothing`() async throws {
            let gated = "gated: { exec: [sh, -c, 'until [ -e FOLDER/open ]; do sleep 0.05; done; exec cat'] }"
            try await Plant.with(jobs: [gated, "echo: { exec: [cat] }"], lease: "2s") { plant in
                let others = try await plant.started("receiver,scheduler,sink")
                let sleeper = try await plant.started("worker", ["--concurrency", "4"])
                try await Feed(process: others, queue: plant.queue, type: "gated").send(0..<4)
                try await eventually("four running jobs") { try await plant.backlog().running == 4 }
                sleeper.signal(SIGSTOP)
                let heir = try await plant.started("worker", ["--concurrency", "4"])
                try await eventually("the recovery of all four") {
                    await plant.count("attempts", where: "outcome = 'recovered'") == 4
                }
                try Data().write(to: URL(fileURLWithPath: "\(plant.folder)/open"))
                try await eventually("four completed rows") {
                    await plant.count("jobs", where: "state = 'completed'") == 4
                }
                let rows = try await plant.texts(Self.rows(plant))
                heir.signal(SIGTERM)
                #expect(try await heir.exitCode(within: .seconds(30)) == 0)

                // Its programs have ended meanwhile; it wakes with four outcomes to tell, or hears first that it lost them.
                sleeper.signal(SIGCONT)
                try await eventually("four runs that their worker knows to be lost") {
                    let heard = sleeper.log.split(separator: "\n").count { $0.contains("lease lost") }
                    return (try await plant.backlog().totals["lost"] ?? 0) + heard >= 4
                }
                _ = try await plant.redisCLI([
                    "FCALL", "penstock_enqueue", "1", plant.queue, "echo", "{}", "id", "last",
                ])
                try await eventually("a job that it runs later") {
                    await plant.count("jobs", where: "id = 'last' AND state = 'completed'") == 1
                }
                #expect(try await plant.texts(Self.rows(plant)) == rows)
                #expect(await plant.count("attempts", where: "job_id <> 'last' AND outcome = 'completed'") == 4)
                #expect(await plant.count("attempts", where: "job_id <> 'last'") == 8)
                #expect(try await plant.backlog().totals["completed"] == 5)
            }
        }

        private static func rows(_ plant: Plant) -> String {
            "SELECT to_jsonb(j)::text FROM penstock.jobs j WHERE queue = '\(plant.queue)' AND id <> 'last' ORDER BY id"
        }
    }
}
