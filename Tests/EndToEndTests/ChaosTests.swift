import Foundation
import NIOCore
import Penstock
import Support
import Testing

@testable import Servers

extension EndToEnd {
    @Suite struct ChaosTests {
        /// `scripts/chaos` asks for more.
        static let jobs = ProcessInfo.processInfo.environment["PENSTOCK_CHAOS_JOBS"].flatMap(Int.init) ?? 1000

        /// A bound for many jobs on a machine with other things to do.
        static let patience = Duration.seconds(600)

        @Test(arguments: [false, true])
        func `no job is lost or recorded twice when workers, and then Redis too, are killed in mid-run`(
            killsRedis: Bool
        ) async throws {
            var dice = Dice()
            print("chaos: \(Self.jobs) jobs, seed \(dice.seed)")
            let redis = try RedisServer.started()
            let steady = ["steady: { exec: [sh, -c, 'sleep 0.02; exec cat'] }"]
            try await Plant.with(jobs: steady, lease: "2s", redis: redis) { plant in
                let receiver = try await plant.started("receiver")
                _ = try await plant.started("scheduler,sink")
                var workers: [PenstockProcess] = []
                for _ in 0..<3 { workers.append(try await plant.started("worker")) }
                let feed = Feed(process: receiver, queue: plant.queue, type: "steady")
                async let fed: Void = Self.send(by: feed, plant, waiting: 300)

                // Each worker dies twice, somewhere in the first nine tenths; Redis around the middle.
                var blows = [0, 1, 2, 0, 1, 2].map {
                    (victim: $0, at: Int.random(in: 0..<Self.jobs * 9 / 10, using: &dice))
                }
                if killsRedis {
                    blows.append((victim: 3, at: Int.random(in: Self.jobs / 3..<Self.jobs * 2 / 3, using: &dice)))
                }
                for blow in blows.sorted(by: { $0.at < $1.at }) {
                    try await eventually("\(blow.at) completed jobs", within: Self.patience) {
                        await plant.completed() >= blow.at
                    }
                    if blow.victim == 3 {
                        redis.kill()
                        try redis.start()
                    } else {
                        try await workers[blow.victim].kill()
                        workers[blow.victim] = try plant.start("worker")
                    }
                }
                try await fed
                try await Self.checkAll(plant)
                #expect(await plant.count("jobs", where: "result = payload") == Self.jobs)
                // Something must have been torn from a worker's hands, or nothing was tried.
                #expect(await plant.count("attempts", where: "outcome = 'recovered'") > 0)
            }
        }

        @Test func `no job is lost or recorded twice when processes with all roles are killed`() async throws {
            var dice = Dice()
            print("chaos: \(Self.jobs) quick jobs, seed \(dice.seed)")
            try await Plant.with(lease: "2s") { plant in
                var processes = [try await plant.started("all"), try await plant.started("all")]
                let feed = Feed(processes: processes, queue: plant.queue, type: "activity")
                async let fed: Void = Self.send(by: feed, plant, waiting: 500)
                let blows = [0, 1, 0, 1].map { (victim: $0, at: Int.random(in: 0..<Self.jobs * 9 / 10, using: &dice)) }
                for blow in blows.sorted(by: { $0.at < $1.at }) {
                    try await eventually("\(blow.at) completed jobs", within: Self.patience) {
                        await plant.completed() >= blow.at
                    }
                    try await processes[blow.victim].kill()
                    processes[blow.victim] = try plant.start("all", port: processes[blow.victim].port ?? 0)
                }
                try await fed
                try await Self.checkAll(plant)
            }
        }

        /// Keeps so many jobs waiting, so that producers too live through every blow.
        private static func send(by feed: Feed, _ plant: Plant, waiting: Int) async throws {
            for start in stride(from: 0, to: jobs, by: 50) {
                try await eventually("room for more jobs", within: patience) {
                    await plant.completed() >= start - waiting
                }
                try await feed.send(start..<min(start + 50, jobs))
            }
        }

        private static func checkAll(_ plant: Plant) async throws {
            try await eventually("\(jobs) completed rows", within: patience) {
                await plant.count("jobs", where: "state = 'completed'") == jobs
            }
            #expect(await plant.count("jobs") == jobs)
            #expect(await plant.count("jobs", "count(DISTINCT payload->>'n')") == jobs)
            #expect(await plant.count("attempts", where: "outcome = 'completed'") == jobs)
            #expect(await plant.count("attempts", "count(DISTINCT job_id)", where: "outcome = 'completed'") == jobs)
            let backlog = try await plant.backlog()
            #expect(backlog.waiting + backlog.running + backlog.delayed + backlog.parked + backlog.dead == 0)
            #expect(backlog.totals["accepted"] == jobs)
            #expect(backlog.totals["completed"] == jobs)
        }
    }
}
