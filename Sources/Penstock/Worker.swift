import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Claims jobs of some queues and runs them, up to `concurrency` at a time.
///
/// A worker survives the absence of Redis: it waits, reconnects for ever and tells outcomes until they are heard. On
/// graceful shutdown it claims no more, lets running handlers end, and gives back the rest within the grace period.
public final class Worker: Service {
    private let engine: Engine
    private let pool: HandlerPool
    private let group: MultiThreadedEventLoopGroup
    private let grace: Duration

    /// - Parameters:
    ///   - concurrency: runs at a time, over all queues; 1 to 10,000.
    ///   - grace: how long `run` may take to return after a graceful shutdown began.
    ///   - types: what runs the jobs, by their type. Jobs of other types are parked until a worker that knows them comes.
    /// - Throws: `QueueError.invalid` for a bad queue name or number.
    public init(
        queues: [String], in store: Store, concurrency: Int = 10, grace: Duration = .seconds(25),
        types: [String: JobType], logger: Logger = Logger(label: "penstock.worker")
    ) throws(QueueError) {
        guard (1...10_000).contains(concurrency) else {
            throw .invalid("concurrency is \(concurrency); it is 1 to 10000")
        }
        guard types.count <= 1000 else {
            throw .invalid(
                "the worker has \(types.count) job types; a renewal names up to 1000, so use several workers")
        }
        guard !queues.isEmpty else { throw .invalid("the worker has no queue; name at least one") }
        var served: [Queue] = []
        for name in queues { served.append(try Queue(name, in: store)) }
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = store.separateClient(on: group.next())
        // A handler that ignored the end of the worker may come back when the worker's own event loop is gone.
        pool = HandlerPool(limit: max(2, concurrency), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        engine = Engine(queues: served, types: types, capacity: concurrency, client: client, logger: logger)
        self.grace = grace
    }

    /// The same, for handlers that need no settings of their own.
    public convenience init(
        queues: [String], in store: Store, concurrency: Int = 10, grace: Duration = .seconds(25),
        handlers: [String: Handler], logger: Logger = Logger(label: "penstock.worker")
    ) throws(QueueError) {
        try self.init(
            queues: queues, in: store, concurrency: concurrency, grace: grace,
            types: handlers.mapValues { JobType(handler: $0) }, logger: logger)
    }

    /// The name of this worker in Redis, in events and in `penstock:workers`.
    public var name: String { engine.consumer }

    /// How long jobs ran and had waited, since this worker began.
    public func timings() -> Timings { engine.timings.withLock { $0 } }

    /// Works until a graceful shutdown or the cancellation of the task; call it once.
    public func run() async throws {
        let engine = engine
        let grace = grace
        let eventLoop = engine.eventLoop
        let drain = { @Sendable () -> Void in
            eventLoop.execute { engine.assumeIsolated { $0.drain(within: grace) } }
        }
        await withTaskCancellationOrGracefulShutdownHandler {
            await engine.run(pool: pool)
        } onCancelOrGracefulShutdown: {
            drain()
        }
        pool.close()
        // A call to a server that does not answer may still be under way; nobody waits for it. The client may be in a pause
        // of up to 2 s between two attempts to connect, after which it makes one more: the event loop must be there for it.
        Task { [group] in
            await engine.untilQuiet()
            try? await Task.sleep(for: .seconds(3))
            try? await group.shutdownGracefully()
        }
    }
}
