import Functions
import Redis
import Servers
import Support
import Testing

@testable import Penstock

@Suite(.timeLimit(.minutes(3))) struct SchedulerTests {
    /// A library whose sweep of the queue `endless` never comes to an end.
    private static let library = """
        #!lua name=penstock
        redis.register_function{ function_name = 'penstock_version', callback = function() return 'strange' end,
          description = 'version \(Library.Version.own.number + 1) compatible \(Library.Version.own.number)' }
        redis.register_function('penstock_recover', function() return { '0', '0', 'done' } end)
        redis.register_function('penstock_sweep', function(keys)
          redis.call('INCR', 'swept:' .. keys[1])
          return { keys[1] == 'endless' and 'more' or 'done' }
        end)
        """

    @Test func `a queue whose sweep never ends does not keep the others from theirs`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        let store = try Store(url: server.url, logger: .silent)
        let loaded = try await store.send(Command("FUNCTION", "LOAD", "REPLACE", Self.library))
        #expect(loaded.string == "penstock")
        // In alphabetical order, so that it is looked after before the other one.
        let scheduler = Scheduler(in: store, queues: ["endless", "other"], logger: .silent)
        // Cancelled and not asked: without its bound it would not hear.
        let running = Task { try await scheduler.run() }
        defer { running.cancel() }
        try await until("the other is swept twice") {
            try await store.send(Command("GET", "swept:other")).integer ?? 0 >= 2
        }
        #expect(try await store.send(Command("GET", "swept:endless")).integer ?? 0 > 2)
        await store.shutdown()
    }
}
