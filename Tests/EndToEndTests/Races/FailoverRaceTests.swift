import Foundation
import Logging
import NIOCore
import NIOPosix
import Penstock
import Redis
import Servers
import Support
import Testing

extension EndToEnd.RivalRaceTests {
    /// How long a worker may take to be at work again, from the moment when there is a server that writes.
    private static let alive = Duration.seconds(5)

    /// BullMQ, Celery, Svix, Outpost: a worker that never comes back. Penstock knows one address, as that of a service is one;
    /// after a failover another server answers there.
    @Test(arguments: [true, false])
    func `a worker is alive within five seconds after a restart of Redis`(isIdle: Bool) async throws {
        try await Arena.with(redis: RedisServer.started(), ["lease": "2000"]) { arena in
            let worker = try arena.start(workers: 2, concurrency: 8)
            try await arena.ready(2)
            for round in 1...2 {
                try await arena.enqueueLoad(round)
                try await arena.expectDone((isIdle ? 300 : 100) + (round - 1) * 301)
                arena.redis.kill()
                try arena.redis.start()
                try await arena.expectAlive(within: Self.alive)
                try await arena.expectDone(301 * round)
            }
            #expect(!worker.hasEnded)
            #expect(try await arena.stop([worker]) == [0])
            try await arena.expectRecordedOnce(602)
        }
    }

    /// What the server has that answers after a failover.
    enum Heir: CaseIterable {
        /// For a while it does not write.
        case replica
        /// It has lost the function library.
        case withoutFunctions
    }

    @Test(arguments: Heir.allCases, [true, false])
    func `a worker is alive within five seconds after a failover`(heir: Heir, isIdle: Bool) async throws {
        let port = freePort()
        let old = try RedisServer.started(
            extra: ["--port", "\(port)", "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"])
        let new = try RedisServer.started(extra: ["--replicaof", "127.0.0.1", "\(port)"])
        // Asked under its own address, as long as it has that.
        let own = Client(
            address: try Address(url: new.url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger.nothing)
        try await Arena.with(redis: old, ["lease": "2000"]) { arena in
            try await eventually("a replica") {
                try await own.send(Redis.Command("INFO", "replication")).string?.contains("link_status:up") == true
            }
            let worker = try arena.start(workers: 2, concurrency: 8)
            try await arena.ready(2)
            try await arena.enqueueLoad(1)
            try await arena.expectDone(isIdle ? 300 : 100)
            // A connection waits for its own writes only, and all that came before them.
            _ = try await arena.send("INCR", "mark")
            #expect(try await arena.send("WAIT", "1", "10000").integer == 1)
            old.kill()
            switch heir {
            case .replica:
                try #require(rename(new.socketPath ?? "", old.socketPath ?? "") == 0)
                try await eventually("a worker that was refused") {
                    try await arena.send("INFO", "errorstats").string?.contains("errorstat_READONLY") == true
                }
                _ = try await arena.send("REPLICAOF", "NO", "ONE")
            case .withoutFunctions:
                _ = try await own.send(Redis.Command("REPLICAOF", "NO", "ONE"))
                _ = try await own.send(Redis.Command("FUNCTION", "DELETE", "penstock"))
                try #require(rename(new.socketPath ?? "", old.socketPath ?? "") == 0)
            }
            try await arena.expectAlive(within: Self.alive)
            try await arena.expectDone(301)
            #expect(try await arena.stop([worker]) == [0])
            try await arena.expectRecordedOnce(301)
        }
        await own.shutdown()
        new.kill()
    }
}

extension Arena {
    /// 300 jobs, which take a moment.
    fileprivate func enqueueLoad(_ round: Int) async throws {
        try await enqueue(
            (0..<300).map { number in
                var job = NewJob(type: "work", payload: ByteBuffer(string: "sleep 20"))
                job.id = "load-\(round)-\(number)"
                return job
            })
    }

    /// A job that is enqueued now begins in time, whatever the workers think of the server at the moment.
    fileprivate func expectAlive(within time: Duration) async throws {
        let since = ContinuousClock.now
        let id = "sign-\(UInt64.random(in: .min ... .max))"
        // Our own connection has to come back too: repeated under one id and one key, it makes one job.
        try await eventually("the acceptance of a job", within: time) {
            let receipt = try? await enqueue("sleep 0") { job in
                job.id = id
                job.unique = id
                job.priority = .critical
            }
            return receipt == id
        }
        try await eventually("its start", within: time - (ContinuousClock.now - since)) {
            try spells().contains { $0.id == id }
        }
        print("races: alive \(ContinuousClock.now - since) after the server was")
    }

    fileprivate func expectDone(_ count: Int) async throws {
        try await eventually("\(count) completed jobs") { await completed() >= count }
    }

    /// A run may have been repeated; its end is written down once.
    fileprivate func expectRecordedOnce(_ count: Int) async throws {
        let completed = try await events().filter { $0.kind == .completed }.map(\.jobID)
        #expect(completed.count == count && Set(completed).count == count)
        try await expectClean()
    }
}
