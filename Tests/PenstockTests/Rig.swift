import Logging
import NIOCore
import NIOPosix
import Redis
import Servers
import ServiceLifecycle
import Support
import Testing

@testable import Penstock

/// A queue that no other test uses, and what a test needs around it. Every event is kept until the test reads it.
struct Rig {
    let server: RedisServer
    let store: Store
    let queue: Queue
    let lines = Lines()

    /// - Parameter lease: milliseconds. Tests that need to see leases pass or be renewed choose a short one.
    init(on server: RedisServer, lease: Int = 30_000, settings: [String: String] = [:]) async throws {
        self.server = server
        store = try Store(url: server.url, logger: .silent)
        queue = try Queue("test-\(String(UInt64.random(in: .min ... .max), radix: 36))", in: store)
        try await store.connect(within: .seconds(10))
        let defaults = ["record": "yes", "lease": "\(lease)"]
        _ = try await queue.configure(defaults.merging(settings) { _, given in given })
    }

    func worker(
        concurrency: Int = 4, grace: Duration = .seconds(10), queues: [String] = [], _ types: [String: JobType]
    ) throws -> Worker {
        let lines = lines
        return try Worker(
            queues: [queue.name] + queues, in: store, concurrency: concurrency, grace: grace, types: types,
            logger: Logger(label: "test") { _ in lines })
    }

    func worker(
        concurrency: Int = 4, grace: Duration = .seconds(10), queues: [String] = [], _ handlers: [String: Handler]
    ) throws -> Worker {
        try worker(
            concurrency: concurrency, grace: grace, queues: queues, handlers.mapValues { JobType(handler: $0) })
    }

    func scheduler() -> Scheduler { Scheduler(in: store, queues: [queue.name], logger: .silent) }

    @discardableResult
    func enqueue(_ type: String = "work", _ payload: String = "{}", _ change: (inout NewJob) -> Void = { _ in })
        async throws -> String
    {
        var job = NewJob(type: type, payload: ByteBuffer(string: payload))
        change(&job)
        return try await queue.enqueue(job).id
    }

    @discardableResult
    func enqueue(count: Int, _ type: String = "work") async throws -> [String] {
        let jobs = (0..<count).map { NewJob(type: type, payload: ByteBuffer(string: "\($0)")) }
        return try await queue.enqueue(jobs).map { try $0.get().id }
    }

    func total(_ name: String) async throws -> Int { try await queue.backlog().totals[name] ?? -1 }

    /// Whether so many jobs have ended well.
    func hasCompleted(_ count: Int) async throws -> Bool { try await total("completed") >= count }

    /// Takes all events there are, oldest first.
    func events() async throws -> [Event] {
        var all: [Event] = []
        while true {
            let batch = try await queue.events(consumer: "test")
            if batch.isEmpty { return all }
            try await queue.recorded(batch.map(\.id))
            all += batch
        }
    }

    func key(_ name: String) -> String { "penstock:{\(queue.name)}:\(name)" }

    /// A connection that is nobody's but the test's.
    func wire() async throws -> Connection {
        try await Connection.connect(
            to: Address(url: server.url), on: MultiThreadedEventLoopGroup.singleton.next())
    }

    /// Claims one run under the name of a foreign consumer, as a worker that then never comes back.
    func claim(by consumer: String) async throws -> Run.Name {
        let reply = try await queue.call("claim", [consumer, "1"])
        let claimed = try #require(TurnReply(reply)?.claimed.first, "nothing to claim")
        let header = try #require(Header(json: claimed.header))
        return Run.Name(level: claimed.level, entry: claimed.entry, id: claimed.id, n: header.n)
    }

    /// Tells the end of a run under the name of a foreign consumer; `OK` or `LOST`.
    func finish(_ run: Run.Name, by consumer: String) async throws -> String? {
        try await queue.call(
            "finish", [consumer, run.level, run.entry, run.id, "\(run.n)", "0", "0", "completed", ""]
        ).strings?.first
    }
}

extension Connection {
    func send(_ words: String...) async throws(RedisError) -> Reply {
        var command = Command()
        command.append(contentsOf: words)
        return try await send(command)
    }
}

extension Sequence<Event> {
    func of(_ kind: Event.Kind) -> [Event] { filter { $0.kind == kind } }
}

/// Waits until a condition holds. A store that is away does not fulfil it.
func until(
    _ what: Comment, within limit: Duration = .seconds(60), at place: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while await (try? condition()) != true {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: place)
        try await Task.sleep(for: .milliseconds(5))
    }
}
