import Penstock
import Sink

/// Everything that a process is told, checked and put together: flags over environment over file.
struct Settings: Sendable {
    var roles: Set<Role>
    var configuration: Configuration
    /// Nil when no port is opened.
    var listen: ListenAddress?
    /// Of the worker.
    var queues: [String]
    var concurrency: Int
    var grace: Duration
    var redisURL: String
    var databaseURL: String?
    /// Empty opens the API; only on a loopback address.
    var apiKeys: [String]
    /// To be said at start.
    var warnings: [String]

    /// - Parameter environment: of this process; empty variables count as unset, but for secrets.
    /// - Throws: `Failure.usage` with a line for every mistake.
    init(_ options: RunOptions, environment: [String: String]) throws(Failure) {
        let set = environment.filter { !$0.value.isEmpty }
        var mistakes: [String] = []
        var warnings: [String] = []
        roles = options.role.roles
        let isReceiver = roles.contains(.receiver)
        configuration = Configuration()
        do throws(Failure) {
            if let file = ConfigurationFile.chosen(options.config, environment: set) {
                let read = try file.read(environment: environment, readsSecrets: isReceiver)
                configuration = read.0
                warnings += read.warnings
            }
        } catch {
            mistakes += error.lines
        }
        concurrency = options.concurrency
        grace = options.grace
        redisURL = options.redis.url(set)
        databaseURL = options.database.url(set)
        apiKeys = configuration.apiKeys
        if apiKeys.isEmpty, let key = set["PENSTOCK_API_KEY"] { apiKeys = [key] }
        do throws(OptionFault) {
            listen = options.listen
            if listen == nil, let text = set["PENSTOCK_LISTEN"] { listen = try ListenAddress(text) }
        } catch {
            mistakes.append("penstock: PENSTOCK_LISTEN: \(error)")
        }
        if isReceiver, listen == nil, mistakes.isEmpty { listen = .standard }
        if isReceiver, apiKeys.isEmpty, let listen, !listen.isLoopback, mistakes.isEmpty {
            mistakes.append(
                "penstock: no API key is configured and \(listen) can be reached from other machines; set PENSTOCK_API_KEY or api.keys, or listen on 127.0.0.1"
            )
        }
        queues = options.queues ?? configuration.queueNames
        if queues.isEmpty { queues = [Configuration.defaultQueue] }
        mistakes += Self.faults(redis: redisURL, database: databaseURL)
        if roles.contains(.sink), databaseURL == nil {
            let fact = "the role sink needs Postgres; set DATABASE_URL or --database-url"
            if options.role.isAll {
                roles.remove(.sink)
                warnings.append("nothing is recorded: \(fact)")
            } else {
                mistakes.append("penstock: \(fact)")
            }
        }
        if roles.contains(.worker), configuration.jobs.isEmpty, mistakes.isEmpty {
            warnings.append(
                "the worker runs no job type: jobs wait parked until the configuration names one under jobs")
        }
        self.warnings = warnings
        guard mistakes.isEmpty else { throw .usage(mistakes) }
    }

    /// What is wrong with the addresses of the servers; nothing is connected to.
    private static func faults(redis: String, database: String?) -> [String] {
        var faults: [String] = []
        do throws(QueueError) { _ = try Store(url: redis) } catch { faults.append("penstock: \(error)") }
        if let database {
            do throws(PostgresError) { _ = try Ledger(url: database) } catch { faults.append("penstock: \(error)") }
        }
        return faults
    }
}
