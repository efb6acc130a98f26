import Foundation
import NIOCore
import Penstock
import Redis
import Servers
import Support
import Testing

extension EndToEnd.RivalRaceTests {
    /// `scripts/delayed` asks for a million.
    private static let delayed =
        ProcessInfo.processInfo.environment["PENSTOCK_DELAYED_JOBS"].flatMap(Int.init) ?? 20_000

    /// Timers that a wrong client clock fires early. Due times are kept and compared by Redis; all that a client's clock says
    /// is in the ids that it makes.
    @Test func `nothing fires early for workers whose clocks are two hours wrong, among very many delayed jobs`()
        async throws
    {
        let library = try #require(Self.faketime, "libfaketime is missing; install the package faketime")
        try await Arena.with(redis: RedisServer.started(appendOnly: false), ["lease": "2000"]) { arena in
            // The first time a server also pays for its memory.
            _ = try await arena.cost()
            let before = try await arena.cost()
            try await arena.enqueueDelayed(Self.delayed)
            let after = try await arena.cost()
            print(
                "delayed: \(Self.delayed) jobs wait;"
                    + String(format: " a job costs Redis %.1f us to enqueue", after.enqueue)
                    + String(format: " and %.1f us to claim and finish;", after.claim)
                    + String(format: " without them %.1f and %.1f us", before.enqueue, before.claim))

            let processes = try ["+2h", "-2h"].map { shift in
                try arena.start(
                    concurrency: 20,
                    environment: ["LD_PRELOAD": library, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"])
            }
            try await arena.ready(2)
            let now = try await arena.now() / 1000
            // Else nothing was tried.
            #expect(try arena.clocks().count { abs($0 - now) > 3600 } == 2)
            // From here on, 200 jobs fall due within two seconds.
            var due: [String: UInt64] = [:]
            for number in 0..<200 {
                let delay = 1000 + 10 * number
                let earliest = Arena.clock + UInt64(delay) * 1_000_000
                due[try await arena.enqueue("sleep 0") { $0.delay = .milliseconds(delay) }] = earliest
            }
            try await eventually("the ends of 200 jobs") { await arena.completed() == 200 + arena.costing }
            #expect(try await arena.stop(processes) == [0, 0])
            let spells = try arena.spells()
            #expect(spells.counts == due.mapValues { _ in 1 })
            for spell in spells {
                // Redis cuts its time to milliseconds.
                #expect(spell.start + 1_000_000 >= due[spell.id] ?? .max, "\(spell.id)")
            }
            let backlog = try await arena.queue.backlog()
            #expect(backlog.delayed == Self.delayed)
            #expect(backlog.waiting + backlog.running + backlog.parked == 0)
            #expect(try await arena.slots() == [])
        }
    }

    /// The library that makes a process see another time, where Debian puts it.
    private static var faketime: String? {
        let folders = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? [""]).map {
            "/usr/lib/\($0)"
        }
        return folders.map { "\($0)/faketime/libfaketimeMT.so.1" }.first(where: FileManager.default.fileExists)
    }
}

extension Arena {
    /// Jobs that `cost` completes in all.
    fileprivate var costing: Int { 6000 }

    /// Most of them due in an hour or later, spread over a day.
    fileprivate func enqueueDelayed(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 10_000) {
            try await enqueue(
                (start..<min(start + 10_000, count)).map { number in
                    var job = NewJob(type: "work", payload: ByteBuffer(string: "sleep 0"))
                    job.delay = .seconds(3600 + number % 86_400)
                    return job
                })
        }
    }

    /// The time that Redis itself takes for a job: 2,000 are enqueued, claimed and finished by a hundred.
    fileprivate func cost() async throws -> (enqueue: Double, claim: Double) {
        let (count, start) = (costing / 3, try await spent())
        try await enqueue((0..<count).map { _ in NewJob(type: "work", payload: ByteBuffer(string: "sleep 0")) })
        let middle = try await spent()
        for _ in 0..<count / 100 {
            let words = try await call("claim", ["test", "100"]).strings ?? []
            var outcomes = ["test"]
            for at in stride(from: 5, to: words.count, by: 5) {
                let number = words[at + 1].split(separator: "-").last.map(String.init) ?? ""
                outcomes += [words[at], words[at + 1], words[at + 2], number, "0", "0", "completed", ""]
            }
            #expect(try await call("finish", outcomes).strings == Array(repeating: "OK", count: 100))
        }
        let end = try await spent()
        return (Double(middle - start) / Double(count), Double(end - middle) / Double(count))
    }

    /// Microseconds that Redis has spent in functions.
    private func spent() async throws -> Int {
        let text = try await send("INFO", "commandstats").string ?? ""
        return text.firstMatch(of: /cmdstat_fcall:calls=\d+,usec=(\d+)/).flatMap { Int($0.1) } ?? 0
    }
}
