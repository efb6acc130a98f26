import Logging
import Penstock
import ServiceLifecycle

/// What has to be said to Redis at start: which queues there are, how they are configured. Waits for Redis for ever, and
/// goes on to look for queues that others make while this process has a Postgres for their events.
struct Preparation: Service {
    /// How often is looked for queues that others have made.
    private static let scan = Duration.seconds(5)
    /// How long an attempt to connect lasts; so long a shutdown may have to wait for its end.
    private static let patience = Duration.seconds(1)

    let store: Store
    /// By queue, what the configuration says of it.
    let queues: [String: [String: String]]
    /// Whether events are to be kept until a sink has recorded them.
    let records: Bool
    let gate: Gate
    let logger: Logger

    /// - Throws: `QueueError` when waiting cannot help: a wrong password, a Redis that is too old.
    func run() async throws {
        var prepared: Set<String> = []
        var isAway = false
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do throws(QueueError) {
                if prepared.isEmpty {
                    try await store.connect(within: Self.patience)
                    try await store.register(queues: queues.keys.sorted())
                    for warning in try await store.durabilityWarnings() { logger.warning("\(warning)") }
                }
                try await configure(&prepared)
                if isAway { logger.info("Redis is there", metadata: [LogKey.redis: "\(store.label)"]) }
                isAway = false
                gate.open()
                try? await cancelWhenGracefulShutdown { [records] in
                    try await Task.sleep(for: records ? Self.scan : .seconds(86_400))
                }
            } catch {
                guard case .away = error else { throw error }
                // Once it was there, those who need it tell that it went away.
                if !isAway, prepared.isEmpty {
                    logger.warning(
                        "Redis is away; waiting for it",
                        metadata: [LogKey.redis: "\(store.label)", LogKey.error: "\(error)"])
                }
                isAway = true
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
            }
        }
    }

    private func configure(_ prepared: inout Set<String>) async throws(QueueError) {
        var names = Set(queues.keys)
        if records { names.formUnion(try await store.queues().filter(Queue.isValid)) }
        for name in names.subtracting(prepared).sorted() {
            var settings = queues[name] ?? [:]
            if records, settings["record"] == nil { settings["record"] = "yes" }
            if !settings.isEmpty {
                for change in try await Queue(name, in: store).configure(settings) {
                    logger.info(
                        "changed a setting",
                        metadata: [
                            LogKey.queue: "\(name)", "setting": "\(change.name)", "old": "\(change.old)",
                            "new": "\(change.new)",
                        ])
                }
            }
            prepared.insert(name)
        }
    }
}
