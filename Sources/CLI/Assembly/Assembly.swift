import Logging
import Penstock
import Receiver
import ServiceLifecycle
import Sink

/// The services of a process, made from its settings; tests assemble the same way.
struct Assembly {
    /// Ordered by dependency, stopped in reverse: first the worker and the door together, then the scheduler, then the
    /// sink, so that what the worker told at its end can still be recorded.
    let services: [any Service]
    let store: Store
    let logger: Logger
    private let settings: Settings

    /// Connects to nothing yet.
    /// - Parameter onListening: called with the address that is really bound.
    /// - Throws: `QueueError`, `PostgresError`, `ReceiverError` for values that cannot be used.
    init(
        _ settings: Settings, logger: Logger, onListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.logger = logger
        store = try Store(url: settings.redisURL, logger: logger)
        let gate = Gate()
        var services: [any Service] = [settings.preparation(store, gate, logger)]
        if let recorder = try settings.recorder(store, logger) {
            services.append(Gated(service: recorder, gate: gate))
        }
        if settings.roles.contains(.scheduler) {
            let scheduler = Scheduler(in: store, queues: settings.knownQueues, logger: logger)
            services.append(Gated(service: scheduler, gate: gate))
        }
        let worker = try settings.worker(store, logger)
        let door = try settings.listener(store, worker, logger, onListening: onListening)
        var front: [any Service] = []
        if let worker { front.append(Gated(service: worker, gate: gate)) }
        if let door { front.append(door) }
        if !front.isEmpty { services.append(SideBySide(services: front)) }
        self.services = services
    }

    /// Runs until SIGTERM, SIGINT, or the failure of a service.
    func run() async throws {
        for warning in settings.warnings { logger.warning("\(warning)") }
        logger.info(
            "starting",
            metadata: [
                LogKey.roles: "\(Role.allCases.filter(settings.roles.contains).map(\.rawValue).joined(separator: ","))",
                LogKey.queues: "\(settings.queues.joined(separator: ","))", LogKey.redis: "\(store.label)",
            ])
        var quiet = logger
        // It tells of every service that begins and ends.
        quiet.logLevel = max(logger.logLevel, .warning)
        let group = ServiceGroup(
            configuration: .init(
                services: services + [LastCall(grace: settings.grace, logger: logger)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
        await store.shutdown()
        logger.info("stopped")
    }
}
