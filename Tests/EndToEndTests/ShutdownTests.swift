import Foundation
import Penstock
import Support
import Testing

@testable import Servers

extension EndToEnd {
    @Suite struct ShutdownTests {
        @Test func `SIGTERM under load loses no job and charges no attempt`() async throws {
            let jobs = [
                "steady: { exec: [sh, -c, 'sleep 0.02; exec cat'] }",
                "gated: { exec: [sh, -c, 'until [ -e FOLDER/open ]; do sleep 0.05; done; exec cat'] }",
            ]
            try await Plant.with(jobs: jobs) { plant in
                let others = try await plant.started("receiver,scheduler,sink")
                let first = try await plant.started("worker", ["--grace", "3s"])
                for id in ["gated-1", "gated-2"] {
                    _ = try await plant.redisCLI([
                        "FCALL", "penstock_enqueue", "1", plant.queue, "gated", "{}", "id", id,
                    ])
                }
                try await Feed(process: others, queue: plant.queue, type: "steady").send(0..<300)
                try await eventually("some completed jobs") { await plant.completed() >= 30 }
                first.signal(SIGTERM)
                // Three seconds of grace, and as much again for a machine that is busy.
                #expect(try await first.exitCode(within: .seconds(6)) == 0)
                let backlog = try await plant.backlog()
                #expect(backlog.running == 0)
                #expect(backlog.waiting > 0)
                #expect(backlog.waiting + (backlog.totals["completed"] ?? 0) == 302)

                try Data().write(to: URL(fileURLWithPath: "\(plant.folder)/open"))
                _ = try await plant.started("worker")
                try await eventually("302 completed rows") {
                    await plant.count("jobs", where: "state = 'completed'") == 302
                }
                #expect(await plant.count("jobs", where: "attempts = 1") == 302)
                #expect(await plant.count("attempts", where: "outcome = 'completed'") == 302)
                #expect(
                    await plant.count("attempts", where: "outcome = 'released' AND job_id IN ('gated-1', 'gated-2')")
                        == 2)
            }
        }

        @Test func `a program that ignores SIGTERM holds up no shutdown, dies, and its job waits again`() async throws {
            let stubborn = #"stubborn: { exec: [bash, -c, "trap '' TERM; echo $$ > FOLDER/pid; sleep 1000"] }"#
            try await Plant.with(jobs: [stubborn]) { plant in
                let process = try await plant.started("all", ["--grace", "3s"])
                let answer = try await plant.redisCLI(["FCALL", "penstock_enqueue", "1", plant.queue, "stubborn", "{}"])
                let id = try #require(answer.last)
                var child: pid_t = 0
                try await eventually("the program") {
                    let text = try? String(contentsOfFile: "\(plant.folder)/pid", encoding: .utf8)
                    child = text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? 0
                    return child > 0
                }
                let family = [child] + Family.children(of: child)
                process.signal(SIGTERM)
                #expect(try await process.exitCode(within: .seconds(6)) == 0)
                try await eventually("the end of the program", within: .seconds(5)) { family.allSatisfy(isGone) }

                let record = try #require(try await Queue(plant.queue, in: plant.store).job(id))
                #expect(record.state == .waiting)
                #expect(record.attempts == 0)
                let backlog = try await plant.backlog()
                #expect(backlog.waiting == 1)
                #expect(backlog.running == 0)
            }
        }
    }
}
