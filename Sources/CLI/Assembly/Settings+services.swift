import Foundation
import Logging
import Penstock
import Receiver
import Sink

extension Settings {
    /// Those of the file, and those that this process serves.
    var knownQueues: [String] { Set(configuration.queueNames).union(queues).sorted() }

    func preparation(_ store: Store, _ gate: Gate, _ logger: Logger) -> Preparation {
        var settings: [String: [String: String]] = [:]
        for name in knownQueues { settings[name] = configuration.queues[name] ?? [:] }
        return Preparation(
            store: store, queues: settings, owned: Set(configuration.queues.keys), records: databaseURL != nil,
            gate: gate,
            logger: logger)
    }

    func worker(_ store: Store, _ logger: Logger) throws(QueueError) -> Worker? {
        guard roles.contains(.worker) else { return nil }
        return try Worker(
            queues: queues, in: store, concurrency: concurrency, grace: patience,
            types: Handlers.types(configuration, killingAfter: killingAfter), logger: logger)
    }

    /// The worker's part of the grace; the rest is for the services that stop after it.
    private var patience: Duration { max(grace * 4 / 5, grace - .seconds(1)) }

    /// From SIGTERM to SIGKILL, for the commands of `exec` jobs: 5 s, or what a shorter grace leaves between the moment
    /// at which the worker cancels its handlers and the one at which it goes, so that none outlives the process.
    private var killingAfter: Duration {
        let cancelled = min(.seconds(6), patience / 4)
        let released = min(.milliseconds(500), patience / 10)
        return min(.seconds(5), (cancelled - released) * 10 / 11)
    }

    func recorder(_ store: Store, _ logger: Logger) throws(PostgresError) -> Recorder? {
        guard roles.contains(.sink), let databaseURL else { return nil }
        let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let names = knownQueues
        return Recorder(
            ledger: try Ledger(url: databaseURL), store: store,
            consumer: "\(host)-\(ProcessInfo.processInfo.processIdentifier)-\(random)", logger: logger,
            queues: { names })
    }

    /// The door: everything with the receiver role; without it, where an address was given, only that of operators.
    func listener(
        _ store: Store, _ worker: Worker?, _ logger: Logger,
        onListening: @escaping @Sendable (ListenAddress) -> Void
    ) throws -> Listener? {
        guard let listen else { return nil }
        let tally = Tally()
        let history = try databaseURL.map { url throws(PostgresError) in try PostgresHistory(url: url) }
        let operations = Operations(
            store: store, queues: knownQueues, readiness: readiness(store, history),
            histograms: { worker.map(HistogramSnapshot.all) ?? [] }, tally: tally, logger: logger)
        var site = Site(operations: operations, tally: tally)
        if roles.contains(.receiver) {
            let mark = MemoryMark(configuration.memoryMark ?? MemoryMark.usual, of: store)
            site = Site(
                webhooks: try Webhooks(
                    sources: configuration.sources, routes: configuration.routes, store: store,
                    memoryMark: mark, tally: tally, logger: logger),
                api: API(
                    keys: APIKeys(apiKeys), store: store, history: history, queues: knownQueues,
                    memoryMark: mark, logger: logger),
                operations: operations, tally: tally)
        }
        var quiet = logger
        // The server tells where it listens, and that it was cancelled, in words of its own; what ends it is thrown.
        quiet.logLevel = logger.logLevel < .info ? logger.logLevel : .critical
        return Listener(site: site, host: listen.host, port: listen.port, logger: quiet) { port in
            let bound = ListenAddress(host: listen.host, port: port)
            logger.info("listening", metadata: [LogKey.address: "http://\(bound)"])
            onListening(bound)
        }
    }

    /// What the roles of this process need.
    private func readiness(_ store: Store, _ history: PostgresHistory?) -> [ReadinessCheck] {
        var checks = [
            ReadinessCheck("redis") {
                do throws(QueueError) { try await store.ping() } catch { return "\(error)" }
                return nil
            }
        ]
        if roles.contains(.sink), let history {
            checks.append(
                ReadinessCheck("postgres") {
                    do { try await history.check() } catch { return "\(error)" }
                    return nil
                })
        }
        if roles.contains(.worker) {
            let names = queues
            checks.append(
                ReadinessCheck("events") {
                    for name in names {
                        guard let backlog = try? await Queue(name, in: store).backlog() else { continue }
                        let sample = BacklogSample(backlog)
                        if sample.isAtBound { return sample.notes.last }
                    }
                    return nil
                })
        }
        return checks
    }
}
