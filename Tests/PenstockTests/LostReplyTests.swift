import Logging
import Penstock
import Redis
import Servers
import Support
import Testing

/// Connections that break under load: what was executed and what was not, nobody can tell.
@Suite(.timeLimit(.minutes(3))) struct LostReplyTests {
    @Test(arguments: [16, 200])
    func `whatever replies are lost, every job completes and is recorded once`(concurrency: Int) async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false), lease: 3000)
        let jobs = 4000
        let census = Census()
        let wire = try await rig.wire()
        let ids = try await rig.enqueue(count: jobs)
        let worker = try rig.worker(concurrency: concurrency, ["work": census.handler()])
        try await Crew.with(worker, rig.scheduler()) {
            var kills = 0
            var completed = 0
            while completed < jobs * 3 / 4 {
                let before = completed
                // Between two breaks something gets done, else a fast test would only ever see connecting clients.
                try await until("goes on") {
                    completed = try await wire.send("HGET", rig.key("stats"), "completed").integer ?? 0
                    return completed > before
                }
                _ = try await wire.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                kills += 1
            }
            #expect(kills >= 5)
            try await until("all complete") {
                try await wire.send("HGET", rig.key("stats"), "completed").integer == jobs
            }
        }
        try await until("the test's own connection is back") {
            try await rig.store.ping()
            return true
        }
        let backlog = try await rig.queue.backlog()
        #expect(backlog.running == 0 && backlog.waiting == 0 && backlog.dead == 0)
        #expect(backlog.totals["lost"] == 0)
        #expect(try await wire.send("HLEN", rig.key("jobs")).integer == 0)
        let completed = try await rig.events().of(.completed)
        #expect(completed.count == jobs && Set(completed.map(\.jobID)) == Set(ids))
        #expect(completed.allSatisfy { $0.header?.crashes == 0 && $0.header?.attempt == 1 })
        #expect(census.runs.values.allSatisfy { $0 == 1 })
    }

    @Test func `runs of a claim whose reply was lost come back while the worker works`() async throws {
        let rig = try await Rig(on: RedisServer.started(appendOnly: false), lease: 1000)
        let census = Census()
        let worker = try rig.worker(["work": census.handler()])
        let ids = try await rig.enqueue(count: 20)
        // What the server knows of a claim of this worker, and the worker does not.
        for _ in ids { _ = try await rig.claim(by: worker.name) }
        try await Crew.with(worker) { try await until("all complete") { try await rig.hasCompleted(20) } }
        let events = try await rig.events()
        #expect(Set(events.of(.released).map(\.jobID)) == Set(ids))
        #expect(events.of(.completed).count == 20)
        #expect(census.jobs.allSatisfy { $0.attempt == 1 })
    }
}
