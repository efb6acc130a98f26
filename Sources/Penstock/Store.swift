import Logging

/// The Redis server in which the queues are. Connects when it is first used, reconnects for ever, loads the function
/// library when the server lacks it. Share one per process; close it with `shutdown()`.
public final class Store: Sendable {
    /// Connects to `url`: `redis://user:pass@host:port/db`, `rediss://…` (TLS) or `unix:///path`.
    /// - Throws: `QueueError.invalid` when the URL cannot be read.
    public init(url: String = "redis://127.0.0.1:6379", logger: Logger = Logger(label: "penstock")) throws(QueueError) {
        fatalError("stub")
    }

    /// Waits for a connection and a usable function library.
    /// - Throws: the last reason when there is none after `timeout`; at once when waiting cannot help.
    public func connect(within timeout: Duration = .seconds(5)) async throws(QueueError) { fatalError("stub") }

    /// Asks the server for an answer.
    public func ping() async throws(QueueError) { fatalError("stub") }

    /// The names of the queues that some process has served or fed.
    public func queues() async throws(QueueError) -> [String] { fatalError("stub") }

    public func shutdown() async { fatalError("stub") }
}
