import Logging
import Penstock
import ServiceLifecycle

/// The sink role: reads the events of the queues, commits them to Postgres, then lets Redis forget them. In that order,
/// so a crash between the two repeats a batch, which changes nothing, and never loses one. Any number may run at once.
package struct Recorder: Service {
    /// Events have no doorbell. While they flow they are read without a pause; an idle sink looks once a second.
    private static let firstPause = Duration.milliseconds(50)
    private static let lastPause = Duration.seconds(1)
    /// How often queues that others have made are looked for.
    private static let scan = Duration.seconds(5)
    /// How long the last batch may take. If Postgres hangs, its events stay in Redis.
    private static let farewell = Duration.seconds(5)

    private let ledger: Ledger
    private let store: Store
    private let queues: @Sendable () async -> [String]
    private let consumer: String
    private let logger: Logger

    /// - Parameters:
    ///   - queues: names that are read besides those that the store knows; asked every five seconds.
    ///   - consumer: a name that no other sink ever has, of any process.
    package init(
        ledger: Ledger, store: Store, consumer: String, logger: Logger,
        queues: @escaping @Sendable () async -> [String] = { [] }
    ) {
        self.ledger = ledger
        self.store = store
        self.queues = queues
        self.consumer = consumer
        self.logger = logger
    }

    /// Records until it is told to stop; then it commits the batch in hand, once, and returns.
    /// - Throws: only what waiting cannot help: a schema that a newer program has made.
    package func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await record()
        } onCancelOrGracefulShutdown: {
            ledger.finish(within: Recorder.farewell)
        }
    }

    private func record() async throws {
        try await migrate()
        var reader = EventReader(store: store, consumer: consumer, logger: logger)
        var pause = Recorder.firstPause
        var scanned: ContinuousClock.Instant?
        while !isStopping {
            if scanned.map({ $0.duration(to: .now) >= Recorder.scan }) ?? true {
                await reader.scan(adding: await queues())
                scanned = .now
            }
            var batch = Batch()
            await reader.fill(&batch)
            if batch.isEmpty {
                await wait(pause)
                pause = min(pause * 2, Recorder.lastPause)
                continue
            }
            pause = Recorder.firstPause
            if !batch.isFull {
                await wait(batch.patience)
                await reader.fill(&batch)
            }
            guard let refusals = try await commit(batch) else { return }
            await acknowledge(batch.recorded(except: refusals))
        }
    }

    private func migrate() async throws(PostgresError) {
        let applied = try await insist { () async throws(PostgresError) in try await ledger.migrate() }
        for migration in applied ?? [] {
            logger.info("applied a migration", metadata: [LogKey.migration: "\(migration)"])
        }
    }

    /// Nil if the sink was told to stop while Postgres was away; then the events stay in Redis.
    private func commit(_ batch: Batch) async throws(PostgresError) -> [Ledger.Refusal]? {
        let refusals = try await insist { () async throws(PostgresError) in
            do throws(PostgresError) {
                return try await ledger.record(batch.events)
            } catch {
                // A schema that has vanished comes back by itself.
                guard case .refused(let state, _) = error, ["3F", "42"].contains(state.prefix(2)) else { throw error }
                _ = try await ledger.migrate()
                throw error
            }
        }
        guard let refusals else { return nil }
        for refusal in refusals {
            // Its events stay in Redis and come again after 30 s: only somebody who knows the constraint can help.
            logger.error(
                "Postgres takes no row of this job",
                metadata: [
                    LogKey.queue: "\(refusal.queue)", LogKey.job: "\(refusal.id)", LogKey.error: "\(refusal.error)",
                ])
        }
        return refusals
    }

    /// Lets Redis forget what is committed. If that fails, the events come again and change nothing.
    private func acknowledge(_ recorded: [String: [Event.ID]]) async {
        for (name, ids) in recorded {
            var backoff = Backoff()
            while true {
                do throws(QueueError) {
                    try await Queue(name, in: store).recorded(ids)
                    break
                } catch {
                    guard case .away = error, !isStopping else {
                        logger.warning(
                            "committed events stay in Redis and will be read again",
                            metadata: [LogKey.queue: "\(name)", LogKey.error: "\(error)"])
                        break
                    }
                    await wait(backoff.next())
                }
            }
        }
    }

    /// Tries until it succeeds. One line says that Postgres went away and one that it is back. Nil when told to stop.
    private func insist<Value: Sendable>(
        _ body: () async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value? {
        var backoff = Backoff()
        var isAway = false
        while true {
            do throws(PostgresError) {
                let value = try await body()
                if isAway { logger.notice("Postgres is back") }
                return value
            } catch {
                if error.isFinal { throw error }
                if !isAway {
                    isAway = true
                    logger.warning(
                        "Postgres is away; records wait in Redis", metadata: [LogKey.error: "\(error)"])
                }
            }
            if isStopping { return nil }
            await wait(backoff.next())
        }
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    /// Returns early when told to stop.
    private func wait(_ time: Duration) async {
        guard time > .zero else { return }
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: time) }
    }
}

extension LogKey {
    fileprivate static let migration = "migration"
}
