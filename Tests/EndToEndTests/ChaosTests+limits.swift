import Foundation
import Support
import Testing

@testable import Servers

extension EndToEnd.ChaosTests {
    private static let keys = 7
    /// Three kinds by the last digit of their number: 7 fails once, 9 is buried at once, all others succeed.
    private static let mixed =
        #"mixed: { exec: [sh, -c, 'sleep 0.01; case $PENSTOCK_JOB_ID-$PENSTOCK_ATTEMPT in *7-1) exit 1;; *9-*) exit 65;; esac; exec cat'] }"#

    /// With everything in play that a crash could leave half done: slots of two limits a job, unique keys of two scopes, retries
    /// and dead letters, four levels, and each job sent twice.
    @Test func `limits, unique keys and retries come out even when workers and Redis are killed in mid-run`()
        async throws
    {
        var dice = Dice()
        // By tens, so that each kind has its share; a retry takes up to a second, and so do crashes.
        let jobs = Self.jobs / 20 * 10
        print("chaos: \(jobs) jobs with limits, seed \(dice.seed)")
        let redis = try RedisServer.started()
        try await Plant.with(jobs: [Self.mixed], lease: "2s", redis: redis) { plant in
            let receiver = try await plant.started("receiver")
            _ = try await plant.started("scheduler,sink")
            _ = try await plant.redisCLI([
                "FCALL", "penstock_configure", "1", plant.queue, "concurrency:key", "2", "concurrency:type:mixed", "12",
            ])
            // A fifth waits from the start at the lowest level, its keys held until the jobs end.
            let fixed = jobs / 50 * 10
            try await Self.enqueueFixed(fixed, plant)
            var workers: [PenstockProcess] = []
            for _ in 0..<3 { workers.append(try await plant.started("worker")) }
            let feed = Feed(process: receiver, queue: plant.queue, type: "mixed", keys: Self.keys)
            async let fed: Void = Self.sendTwice(fixed..<jobs, by: feed, plant)

            var blows = [0, 1, 2, 0, 1, 2].map { (victim: $0, at: Int.random(in: 0..<jobs * 7 / 10, using: &dice)) }
            blows.append((victim: 3, at: Int.random(in: jobs / 3..<jobs * 2 / 3, using: &dice)))
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
            try await Self.checkEnds(jobs, fixed: fixed, plant)
            try await Self.checkLeftovers(completedInWindow: (jobs - fixed) / 10 * 9, plant)
        }
    }

    private static func enqueueFixed(_ count: Int, _ plant: Plant) async throws {
        for start in stride(from: 0, to: count, by: 50) {
            let words = (start..<min(start + 50, count)).flatMap { number in
                [
                    "14", "mixed", #"{"n":\#(number)}"#, "id", "job-\(number)", "unique", "fixed-\(number)", "scope",
                    "until-finished", "key", "k\(number % keys)", "priority", "low", "attempts", "5",
                ]
            }
            let answer = try await plant.redisCLI(["FCALL", "penstock_enqueue_many", "1", plant.queue] + words)
            #expect(answer.count { $0 == "queued" } == min(50, count - start))
        }
    }

    /// Sends all jobs, and all again later: the second time nothing comes of them.
    private static func sendTwice(_ numbers: Range<Int>, by feed: Feed, _ plant: Plant) async throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 50) {
            let batch = start..<min(start + 50, numbers.upperBound)
            try await eventually("room for more jobs", within: patience) {
                (try? await plant.backlog().waiting) ?? .max < 300
            }
            try await feed.send(batch)
            try await feed.send(max(numbers.lowerBound, batch.lowerBound - 25)..<batch.upperBound)
        }
    }

    private static func checkEnds(_ jobs: Int, fixed: Int, _ plant: Plant) async throws {
        try await eventually("\(jobs) rows of jobs that ended", within: patience) {
            await plant.count("jobs", where: "state IN ('completed', 'dead')") == jobs
        }
        #expect(await plant.count("jobs") == jobs)
        #expect(await plant.count("jobs", where: "state = 'completed' AND id NOT LIKE '%9'") == jobs / 10 * 9)
        #expect(await plant.count("jobs", where: "state = 'dead' AND id LIKE '%9'") == jobs / 10)
        #expect(await plant.count("jobs", where: "state = 'completed' AND result = payload") == jobs / 10 * 9)
        let ends = "outcome IN ('completed', 'dead')"
        #expect(await plant.count("attempts", where: ends) == jobs)
        #expect(await plant.count("attempts", "count(DISTINCT job_id)", where: ends) == jobs)
        // What fails once is retried once, however often its worker was killed meanwhile.
        #expect(await plant.count("attempts", where: "outcome = 'retried' AND job_id LIKE '%7'") == jobs / 10)
        #expect(await plant.count("attempts", where: "outcome = 'retried'") == jobs / 10)
        #expect(await plant.count("attempts", where: "outcome = 'recovered'") > 0)
        let totals = try await plant.backlog().totals
        #expect(totals["accepted"] == jobs && totals["dead"] == jobs / 10)
        #expect(totals["completed"] == jobs / 10 * 9 && totals["retried"] == jobs / 10)
    }

    /// No slot, no key and no place is left of what is over.
    private static func checkLeftovers(completedInWindow: Int, _ plant: Plant) async throws {
        func size(_ name: String) async throws -> String? {
            try await plant.redisCLI(["HLEN", "penstock:{\(plant.queue)}:\(name)"]).first
        }
        #expect(try await size("slots") == "0")
        #expect(try await size("holds") == "0")
        // Dead letters and what is finished give their keys back; only those of a window are held on.
        #expect(try await size("unique") == "\(completedInWindow)")
        let backlog = try await plant.backlog()
        #expect(backlog.waiting + backlog.running + backlog.delayed + backlog.parked == 0)
        var cursor = "0"
        repeat {
            let page = try await plant.redisCLI(["FCALL_RO", "penstock_check", "1", plant.queue, "cursor", cursor])
            #expect(page.count == 2, "\(page.dropFirst(2))")
            cursor = page.first ?? "0"
        } while cursor != "0"
    }
}
