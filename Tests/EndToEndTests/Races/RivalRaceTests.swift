import Foundation
import Penstock
import Testing

extension EndToEnd {
    /// The races that other queue engines lost, with real processes. What a stopped worker can do to a run that it has lost is in
    /// `StoppedWorkerTests`; the races within Redis are in `FunctionsTests`.
    @Suite struct RivalRaceTests {
        /// swift-jobs-valkey, Faktory: the job is taken from the queue, and nobody knows yet that it is taken.
        @Test func `a worker that is killed between taking a job and owning it loses nothing`() async throws {
            try await Arena.with(["lease": "1000"]) { arena in
                let (id, victim) = try await Self.taken(in: arena, payload: "sleep 0")
                try await victim.kill()
                let heir = try arena.start()
                try await eventually("the job with the heir") { await arena.completed() >= 1 }
                #expect(try await arena.stop([heir]) == [0])

                #expect(try arena.spells().counts[id] == 1)
                let events = try await arena.events().filter { $0.jobID == id }
                #expect(events.map(\.kind) == [.recovered, .completed])
                #expect(events.first?.run?.worker.contains("-\(victim.pid)-") == true)
                #expect(events.last?.run?.worker.contains("-\(heir.pid)-") == true)
                // A crash is noted and charges no attempt.
                #expect(events.last?.header?.crashes == 1 && events.last?.header?.attempt == 1)
                try await arena.expectClean()
            }
        }

        /// The same worker, but it lives, and reads what it has taken when the job is another's.
        @Test func `a worker that hears of its job only after the lease changes nothing about it`() async throws {
            try await Arena.with(["lease": "1000"]) { arena in
                let gate = "\(arena.folder)/open"
                let (id, zombie) = try await Self.taken(in: arena, payload: "until \(gate)")
                let heir = try arena.start()
                try await eventually("the job with the heir") { try arena.spells().counts[id] == 1 }
                zombie.signal(SIGCONT)
                // It begins the job, and its first renewal says that it never had it.
                try await eventually("the end of its handler") {
                    try arena.spells().filter { $0.id == id }.count { $0.end != nil } == 1
                }
                #expect(await arena.running() == 1)
                #expect(await arena.completed() == 0)
                try Data().write(to: URL(fileURLWithPath: gate))
                try await eventually("the end of the job") { await arena.completed() == 1 }
                #expect(try await arena.stop([heir, zombie]) == [0, 0])

                let events = try await arena.events().filter { $0.jobID == id }
                #expect(events.map(\.kind) == [.recovered, .completed])
                #expect(events.last?.run?.worker.contains("-\(heir.pid)-") == true)
                try await arena.expectClean()
            }
        }

        /// A worker in whose name Redis has handed out a job, and which has not read the answer: it was stopped while it waited.
        private static func taken(in arena: Arena, payload: String) async throws -> (id: String, by: PenstockProcess) {
            let worker = try arena.start(concurrency: 1)
            try await arena.ready(1)
            for _ in 0..<20 {
                try await eventually("a worker that waits") { try await arena.isAwaited }
                worker.signal(SIGSTOP)
                // Between two waits nothing would be handed out.
                if try await arena.isAwaited {
                    let id = try await arena.enqueue(payload)
                    let isTaken: Void? = try? await eventually("the claim", within: .seconds(5)) {
                        await arena.running() == 1
                    }
                    if isTaken != nil { return (id, worker) }
                    _ = try await arena.call("cancel", [id])
                }
                worker.signal(SIGCONT)
            }
            throw Overdue(what: "a stopped worker with a job")
        }

        @Test func `workers that are killed at many moments lose no job and record none twice`() async throws {
            var dice = Dice()
            let jobs = 3000
            print("races: kills, seed \(dice.seed)")
            try await Arena.with(["lease": "1000", "concurrency:key": "3"]) { arena in
                var processes = try (0..<2).map { _ in try arena.start(workers: 2, concurrency: 10) }
                let all = (0..<jobs).map { number in
                    var job = NewJob(type: "work", payload: .init(string: "sleep \(number % 4)"))
                    job.id = "job-\(number)"
                    job.key = "k\(number % 20)"
                    job.priority = Priority.allCases[1 + number % 3]
                    return job
                }
                try await arena.enqueue(all)
                let blows = (0..<12).map { _ in Int.random(in: 0..<jobs * 9 / 10, using: &dice) }
                for blow in blows.sorted() {
                    try await eventually("\(blow) completed jobs") { await arena.completed() >= blow }
                    let victim = Int.random(in: processes.indices, using: &dice)
                    try await processes[victim].kill()
                    processes[victim] = try arena.start(workers: 2, concurrency: 10)
                }
                // A job that is hit three times is buried, as a job that kills its workers would be.
                try await eventually("the end of all jobs") {
                    let totals = try await arena.queue.backlog().totals
                    return (totals["completed"] ?? 0) + (totals["dead"] ?? 0) == jobs
                }
                #expect(try await arena.stop(processes) == [0, 0])
                let events = try await arena.events()
                let ends = events.filter(\.kind.isTerminal)
                #expect(ends.count == jobs && Set(ends.map(\.jobID)).count == jobs)
                #expect(ends.allSatisfy { $0.kind == .completed || $0.header?.crashes == 3 })
                #expect(events.contains { $0.kind == .recovered })
                // The level of a job that is recovered is the one that it was given.
                for end in ends {
                    let number = Int(end.jobID.dropFirst(4)) ?? 0
                    #expect(end.header?.priority == Priority.allCases[1 + number % 3], "\(end.jobID)")
                }
                try await arena.expectClean()
            }
        }

        /// Celery: what is delayed for longer than the lease is handed out again and again.
        @Test func `a delay and a retry later than the lease run once`() async throws {
            try await Arena.with(["lease": "1000"]) { arena in
                let processes = try [arena.start(), arena.start()]
                try await arena.ready(2)
                let begun = Arena.clock
                let delayed = try await arena.enqueue("sleep 0") { $0.delay = .milliseconds(2500) }
                let retried = try await arena.enqueue("retry 2500")
                try await eventually("the end of both") { await arena.completed() == 2 }
                // Two leases more, in which nothing may come again.
                let ended = try await arena.now()
                try await eventually("two leases") { try await arena.now() > ended + 2000 }
                #expect(try await arena.stop(processes) == [0, 0])

                let spells = try arena.spells()
                #expect(spells.counts == [delayed: 1, retried: 2])
                #expect(spells.first { $0.id == delayed }.map { $0.start >= begun + 2_499_000_000 } == true)
                let tries = spells.filter { $0.id == retried }
                #expect(tries[1].start >= (tries[0].end ?? .max) + 2_499_000_000)
                #expect(try await arena.events().map(\.kind) == [.retried, .completed, .completed])
                try await arena.expectClean()
            }
        }

        /// Hatchet: renewals end with the shutdown's beginning, and not with the job.
        @Test func `SIGTERM during a job that is longer than its lease lets it end, and nobody else begins it`()
            async throws
        {
            try await Arena.with(["lease": "1000", "concurrency:key": "1"]) { arena in
                let gate = "\(arena.folder)/open"
                let leaving = try arena.start(grace: 60)
                let id = try await arena.enqueue("until \(gate)") { $0.key = "k" }
                try await eventually("a running job") { try arena.spells().count == 1 }
                let other = try arena.start()
                try await arena.ready(2)
                leaving.signal(SIGTERM)
                let told = try await arena.now()
                try await eventually("four leases") { try await arena.now() > told + 4000 }
                #expect(!leaving.hasEnded)
                #expect(await arena.running() == 1)
                #expect(try await arena.slots() == ["concurrency:key:k"])
                // It has claimed nothing since.
                let next = try await arena.enqueue("sleep 0")
                try await eventually("the next job") { await arena.completed() == 1 }
                try Data().write(to: URL(fileURLWithPath: gate))
                #expect(try await leaving.exitCode(within: .seconds(30)) == 0)
                #expect(try await arena.stop([other]) == [0])

                #expect(try arena.spells().counts == [id: 1, next: 1])
                let events = try await arena.events()
                #expect(events.map(\.kind) == [.completed, .completed])
                #expect(events.map { $0.run?.worker.contains("-\(leaving.pid)-") } == [false, true])
                try await arena.expectClean()
            }
        }
    }
}

extension Arena {
    /// Whether a worker waits at the doorbell.
    var isAwaited: Bool {
        get async throws { try await send("INFO", "clients").string?.contains("blocked_clients:1\r") == true }
    }
}
