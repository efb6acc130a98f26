import Logging
import Penstock
import ServiceLifecycle

/// What has to be said to Redis at start: which queues there are, how they are configured. Waits for Redis for ever, and
/// goes on to look for queues that others make while this process has a Postgres for their events.
struct Preparation: Service {
    /// How often is looked for queues that others have made, and tried again what was refused.
    private static let scan = Duration.seconds(5)
    /// How long an attempt to connect lasts; so long a shutdown may have to wait for its end.
    private static let patience = Duration.seconds(1)

    let store: Store
    /// By queue, what the configuration says of it.
    let queues: [String: [String: String]]
    /// Queues that the configuration has an entry for: what it says is all that holds.
    let owned: Set<String>
    /// Whether events are to be kept until a sink has recorded them.
    let records: Bool
    let gate: Gate
    let logger: Logger

    /// - Throws: `QueueError` when waiting for a connection cannot help: a wrong password, a Redis that is too old.
    func run() async throws {
        guard try await connect() else { return }
        await tell("Redis does not tell how durable it is") { () async throws(QueueError) in
            for warning in try await store.durabilityWarnings() { logger.warning("\(warning)") }
        }
        var todo = Set(queues.keys)
        var done: Set<String> = []
        while !isStopping {
            // A Redis that refuses to be written to, being full, still lets workers drain it: nothing here is a
            // reason to end.
            await tell("the queues cannot be made known") { () async throws(QueueError) in
                if !todo.isEmpty { try await store.register(queues: todo.sorted()) }
            }
            for name in todo.sorted() where await configure(name) {
                todo.remove(name)
                done.insert(name)
            }
            gate.open()
            await wait(Self.scan)
            for name in done where await hasLost(name) { todo.insert(name) }
            if records, let known = try? await store.queues() {
                todo.formUnion(Set(known.filter(Queue.isValid)).subtracting(done))
            }
        }
    }

    /// False when the process is told to stop before.
    private func connect() async throws(QueueError) -> Bool {
        var isAway = false
        while !isStopping {
            do throws(QueueError) {
                try await store.connect(within: Self.patience)
                if isAway { logger.info("Redis is there", metadata: [LogKey.redis: "\(store.label)"]) }
                return true
            } catch {
                guard case .away = error else { throw error }
                if !isAway {
                    logger.warning(
                        "Redis is away; waiting for it",
                        metadata: [LogKey.redis: "\(store.label)", LogKey.error: "\(error)"])
                }
                isAway = true
                await wait(.seconds(1))
            }
        }
        return false
    }

    /// Whether a Redis that came back empty knows nothing of what was written: limits would no longer hold. What somebody
    /// has changed since stays changed.
    private func hasLost(_ name: String) async -> Bool {
        guard records || queues[name]?.isEmpty == false, let queue = try? Queue(name, in: store),
            let inForce = try? await queue.settings(), let wanted = try? await settings(of: queue)
        else { return false }
        let isUntouched = inForce.allSatisfy { $0.value == $0.standard }
        return isUntouched
            && wanted.contains { name, value in
                !value.isEmpty && inForce.first { $0.name == name }?.value != value
            }
    }

    private func configure(_ name: String) async -> Bool {
        await tell("a queue cannot be configured") { () async throws(QueueError) in
            let queue = try Queue(name, in: store)
            let settings = try await settings(of: queue)
            if settings.isEmpty { return }
            for change in try await queue.configure(settings) {
                logger.info(
                    "changed a setting",
                    metadata: [
                        LogKey.queue: "\(name)", "setting": "\(change.name)", "old": "\(change.old)",
                        "new": "\(change.new)",
                    ])
            }
        }
    }

    /// What has to be written. Of a queue with an entry in the file, a setting that was taken out of it goes back to its
    /// default in the same call: a limit nobody finds in the file any more must not hold, and the limits of the file alone
    /// have to be within what one job may have. `record` is not the file's alone: a process with a Postgres sets it.
    private func settings(of queue: Queue) async throws(QueueError) -> [String: String] {
        var settings = queues[queue.name] ?? [:]
        if records, settings["record"] == nil { settings["record"] = "yes" }
        guard owned.contains(queue.name) else { return settings }
        for setting in try await queue.settings() where settings[setting.name] == nil {
            let isOfFile = setting.name != "record" && SettingKind(named: setting.name) != nil
            if isOfFile, setting.value != setting.standard { settings[setting.name] = "" }
        }
        return settings
    }

    /// Logs what is refused; an absence of Redis is told by those who need it.
    @discardableResult
    private func tell(_ fact: Logger.Message, _ body: () async throws(QueueError) -> Void) async -> Bool {
        do throws(QueueError) {
            try await body()
            return true
        } catch {
            if case .away = error { return false }
            logger.warning(fact, metadata: [LogKey.error: "\(error)"])
            return false
        }
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    /// Returns early when told to stop.
    private func wait(_ time: Duration) async {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: time) }
    }
}
