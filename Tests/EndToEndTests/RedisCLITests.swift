import Foundation
import Testing

extension EndToEnd {
    @Suite struct RedisCLITests {
        @Test func `redis-cli enqueues a job, and its unique key makes a duplicate also after the job has ended`()
            async throws
        {
            try await Plant.with(jobs: ["echo: { exec: [cat] }"]) { plant in
                _ = try await plant.started("all")
                let words = [
                    "FCALL", "penstock_enqueue", "1", plant.queue, "echo", #"{"a":1}"#, "priority", "high", "unique",
                    "k1",
                ]
                let first = try await plant.redisCLI(words)
                #expect(first.first == "queued")
                let id = try #require(first.last)
                #expect(try await plant.redisCLI(words) == ["duplicate", id])
                try await eventually("the row") { await plant.count("jobs", where: "state = 'completed'") == 1 }
                #expect(try await plant.redisCLI(words) == ["duplicate", id])
                #expect(await plant.count("jobs", where: "id = '\(id)' AND result = payload AND priority = 1") == 1)
                #expect(await plant.count("jobs", where: #"result = '{"a":1}'"#) == 1)
                #expect(try await plant.backlog().totals["accepted"] == 1)
            }
        }

        /// The doorbell: without it a job waits up to a second for the next look. A quarter of the tries is asked to be
        /// quick, because the machine may be busy with other things; by chance that happens once in four hundred times.
        @Test func `a job that comes to an idle worker starts at once`() async throws {
            try await Plant.with { plant in
                _ = try await plant.started("all")
                for number in 1...20 {
                    _ = try await plant.redisCLI([
                        "FCALL", "penstock_enqueue", "1", plant.queue, "activity", "{}", "id", "try-\(number)",
                    ])
                    try await eventually("the end of try \(number)") { await plant.completed() == number }
                }
                try await eventually("the rows") { await plant.count("jobs") == 20 }
                let quick = await plant.count("jobs", where: "started_at - enqueued_at < interval '50 ms'")
                #expect(quick >= 5)
            }
        }
    }
}
