import Foundation
import Penstock
import Testing

extension EndToEnd {
    @Suite struct StoppedWorkerTests {
        /// Runs until there is a file of its worker's name, which is then its result.
        static let gated =
            #"gated: { exec: [sh, -c, 'until [ -e FOLDER/$WORKER ]; do sleep 0.05; done; printf %s $WORKER'] }"#

        @Test
        func `a stopped worker that wakes after its lease was recovered can finish, fail, give back and renew nothing`()
            async throws
        {
            try await Plant.with(jobs: [Self.gated, "echo: { exec: [cat] }"], lease: "2s") { plant in
                let others = try await plant.started("receiver,scheduler,sink")
                let sleeper = try await plant.started(
                    "worker", ["--concurrency", "4"], environment: ["WORKER": "sleeper"])
                try await Feed(process: others, queue: plant.queue, type: "gated").send(0..<4)
                try await eventually("four running jobs") { try await plant.backlog().running == 4 }
                sleeper.signal(SIGSTOP)
                let heir = try await plant.started("worker", ["--concurrency", "4"], environment: ["WORKER": "heir"])
                try await eventually("the recovery of all four") {
                    await plant.count("attempts", where: "outcome = 'recovered'") == 4
                }
                try await eventually("four jobs with the heir") { try await plant.backlog().running == 4 }

                // Its programs end; it wakes with four outcomes to tell, or hears first that it lost the runs.
                try Self.open("sleeper", plant)
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
                #expect(try await plant.backlog().running == 4)
                #expect(try await plant.backlog().totals["completed"] == 1)

                for verb in [["completed", #""stolen""#], ["retry", "0", "late"], ["dead", "late"], ["release"]] {
                    #expect(try await Self.finishLate(verb, plant) == ["LOST", "LOST", "LOST", "LOST"], "\(verb)")
                }
                #expect(try await Self.renewLate(plant) == ["LOST", "LOST", "LOST", "LOST"])
                #expect(try await plant.backlog().running == 4)

                try Self.open("heir", plant)
                try await eventually("five completed rows") {
                    await plant.count("jobs", where: "state = 'completed'") == 5
                }
                #expect(await plant.count("jobs", where: #"result = '"heir"'"#) == 4)
                #expect(await plant.count("attempts", where: "job_id <> 'last' AND outcome = 'completed'") == 4)
                #expect(await plant.count("attempts", where: "job_id <> 'last'") == 8)
                #expect(try await plant.backlog().totals["completed"] == 5)
                #expect(!heir.hasEnded)
            }
        }

        /// Tells the outcomes of the recovered runs in the words of their worker, as if they had been under way all the time.
        private static func finishLate(_ outcome: [String], _ plant: Plant) async throws -> [String] {
            var answers: [String] = []
            for names in try await lostRuns(plant) {
                answers += try await plant.redisCLI(
                    ["FCALL", "penstock_finish", "1", plant.queue] + names + ["0", "0"] + outcome)
            }
            return answers
        }

        private static func renewLate(_ plant: Plant) async throws -> [String] {
            var answers: [String] = []
            for names in try await lostRuns(plant) {
                answers += try await plant.redisCLI(
                    ["FCALL", "penstock_renew", "1", plant.queue, names[0], "1000", "more", "0"] + names.dropFirst()
                ).suffix(1)
            }
            return answers
        }

        /// Worker, level, entry, job and number of each run that was recovered.
        private static func lostRuns(_ plant: Plant) async throws -> [[String]] {
            try await plant.texts(
                "SELECT concat_ws(' ', worker, level, entry, job_id, split_part(entry, '-', 2)) FROM penstock.attempts WHERE queue = '\(plant.queue)' AND outcome = 'recovered'"
            ).map { ($0 ?? "").split(separator: " ").map(String.init) }
        }

        private static func open(_ worker: String, _ plant: Plant) throws {
            try Data().write(to: URL(fileURLWithPath: "\(plant.folder)/\(worker)"))
        }
    }
}
