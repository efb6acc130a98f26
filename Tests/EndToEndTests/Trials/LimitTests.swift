import Foundation
import Penstock
import Testing

extension EndToEnd {
    @Suite struct LimitTests {
        /// A bound for the long form on a machine with other things to do.
        private static let patience = Duration.seconds(600)

        /// The figures that it prints are for `scripts/limits`, which judges them; here nothing depends on time.
        @Test(arguments: LimitTrial.all)
        func `eight workers in three processes are at no moment above a limit`(trial: LimitTrial) async throws {
            var dice = Dice()
            let tasks = trial.tasks(by: &dice)
            print("limits: \(trial.name), seed \(dice.seed)")
            let lease = trial.kills ? ["lease": "2000"] : [:]
            try await Arena.with(trial.settings.merging(lease) { $1 }) { arena in
                try await arena.queue.pause()
                try await arena.enqueue(tasks.map(\.job))
                var processes = try [3, 3, 2].map { try arena.start(workers: $0, concurrency: 20) }
                try await arena.ready(8)
                let begun = Arena.clock
                try await arena.queue.resume()
                if trial.kills { try await Self.kill(&processes, in: arena, by: &dice) }
                try await eventually("all jobs done", within: Self.patience) {
                    await arena.completed() == tasks.count
                }
                #expect(try await arena.stop(processes) == [0, 0, 0])

                let (spells, events) = (try arena.spells(), try await arena.events())
                let ended = spells.compactMap(\.end).max() ?? begun
                let most = try Self.expectNoOvershoot(trial, spells, events, since: begun)
                let completed = events.filter { $0.kind == .completed }.map(\.jobID)
                #expect(completed.count == tasks.count && Set(completed) == Set(tasks.map(\.id)))
                if trial.kills {
                    #expect(events.contains { $0.kind == .recovered })
                } else {
                    #expect(spells.count == tasks.count)
                    #expect(Set(spells.map(\.id)).count == tasks.count)
                }
                try await arena.expectClean()

                let (took, shortest) = (Double(ended - begun) / 1e9, trial.shortest(tasks) / 1e3)
                print(
                    "limits: \(trial.name): \(tasks.count) jobs, \(LimitTrial.keys) keys, 8 workers in 3 processes; \(most);"
                        + String(format: " %.1f s, the limits allow %.1f s", took, shortest)
                        + (trial.kills ? "" : String(format: ": %.1f %%", 100 * shortest / took)))
            }
        }

        /// Kills two of the processes somewhere in the first two thirds, and puts others in their place.
        private static func kill(_ processes: inout [PenstockProcess], in arena: Arena, by dice: inout Dice)
            async throws
        {
            let blows = (0..<2).map { _ in Int.random(in: LimitTrial.jobs / 10..<LimitTrial.jobs * 2 / 3, using: &dice)
            }
            for (victim, blow) in blows.sorted().enumerated() {
                try await eventually("\(blow) completed jobs", within: patience) { await arena.completed() >= blow }
                try await processes[victim].kill()
                processes[victim] = try arena.start(workers: 3, concurrency: 20)
            }
        }

        /// Looks at every limit that there was, and says how near the trial came to it.
        private static func expectNoOvershoot(
            _ trial: LimitTrial, _ spells: [Spell], _ events: [Event], since begun: UInt64
        ) throws -> String {
            var facts: [String] = []
            for (setting, value) in trial.settings.sorted(by: { $0.key < $1.key }) {
                let all = Dictionary(grouping: spells) { LimitTrial.limit(setting, key: $0.key, type: $0.type) }
                if let rate = Rate(value) {
                    var exact = 0
                    for case (let limit?, let spells) in all {
                        exact += try expect(rate, of: limit, spells, events, since: begun)
                    }
                    facts.append("\(setting) \(value): \(exact) claims known to the millisecond")
                } else if let slots = Int(value) {
                    var top = 0
                    for case (let limit?, let spells) in all {
                        let most = Sweep.most(held(spells, events))
                        #expect(most.count <= slots, "\(limit): \(most.count) at \(most.at)")
                        top = max(top, most.count)
                    }
                    // Else nothing was tried.
                    #expect(top == slots, "\(setting)")
                    facts.append("\(setting): at most \(top) of \(slots) at once")
                }
            }
            return facts.joined(separator: ", ")
        }

        /// From when to when each spell held its slot, as far as can be seen. That of a killed process holds it until its job is
        /// recovered: slots come back in no other way.
        private static func held(_ spells: [Spell], _ events: [Event]) -> [Range<UInt64>] {
            let recoveries = Dictionary(grouping: events.filter { $0.kind == .recovered }, by: \.jobID)
            let now = (Arena.clock, UInt64(Date().timeIntervalSince1970 * 1e9))
            return spells.compactMap { spell in
                if let end = spell.end { return spell.start..<max(end, spell.start) }
                // Redis and we have the same clock; two milliseconds are left for what is cut off.
                let recovered = (recoveries[spell.id] ?? [])
                    .map { now.0 - (now.1 - UInt64($0.id.milliseconds) * 1_000_000) - 2_000_000 }
                    .first { $0 > spell.start }
                guard let recovered else {
                    Issue.record("\(spell.id) began, did not end and was not recovered")
                    return nil
                }
                return spell.start..<recovered
            }
        }

        /// A job that waited in a lane gets an entry at the very moment of its claim, whose number says when that was: of these
        /// the rate must hold exactly. Of all it must hold as far as handlers can show it.
        /// - Returns: how many are known exactly.
        private static func expect(
            _ rate: Rate, of limit: String, _ spells: [Spell], _ events: [Event], since begun: UInt64
        ) throws -> Int {
            let late = Sweep.tooMany(spells.map(\.start).sorted(), since: begun, of: rate)
            #expect(late == nil, "\(limit): start \(late ?? 0) of \(spells.count) is too early")
            let ids = Set(spells.map(\.id))
            let claims = events.filter { ids.contains($0.jobID) }.compactMap(\.run).filter { $0.level == "returned" }
                .compactMap { $0.entry.split(separator: "-").first.flatMap { Int($0) } }.sorted()
            let early = Sweep.tooEarly(claims, of: rate)
            #expect(early == nil, "\(limit): claim \(early ?? 0) of \(claims.count) is too early")
            #expect(claims.count > spells.count / 2, "\(limit)")
            return claims.count
        }
    }
}
