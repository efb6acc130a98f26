import Logging
import NIOCore
import NIOPosix
import Redis

/// The Redis server in which the queues are. Connects when it is first used, reconnects for ever, loads the function
/// library when the server lacks it. Share one per process; close it with `shutdown()`.
public final class Store: Sendable {
    private let client: Client
    private let address: Address
    let logger: Logger

    /// Keys outside of any queue: who works, and which queues are known.
    enum Key {
        static let queues = "penstock:queues"
        static let workers = "penstock:workers"
    }

    /// Connects to `url`: `redis://user:pass@host:port/db`, `rediss://…` (TLS) or `unix:///path`.
    /// - Throws: `QueueError.invalid` when the URL cannot be read.
    public init(url: String = "redis://127.0.0.1:6379", logger: Logger = Logger(label: "penstock")) throws(QueueError) {
        do throws(RedisError) {
            address = try Address(url: url)
        } catch {
            throw QueueError(error)
        }
        self.logger = logger
        client = Self.client(to: address, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
    }

    private static func client(to address: Address, on eventLoop: any EventLoop, logger: Logger) -> Client {
        Client(address: address, eventLoop: eventLoop, logger: logger) { connection throws(RedisError) in
            try await LibraryLoader.load(on: connection, logger: logger)
        }
    }

    /// A connection of its own to the same server.
    package func separateClient(
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) -> Client {
        Self.client(to: address, on: eventLoop, logger: logger)
    }

    /// Without credentials, for people to read.
    public var label: String { address.label }

    /// Waits for a connection and a usable function library.
    /// - Throws: the last reason when there is none after `timeout`; at once when waiting cannot help.
    public func connect(within timeout: Duration = .seconds(5)) async throws(QueueError) {
        do throws(RedisError) { try await client.connect(within: timeout) } catch { throw QueueError(error) }
    }

    /// Asks the server for an answer.
    public func ping() async throws(QueueError) { _ = try await send(Command("PING")) }

    /// The names of the queues that some process has served or fed, in alphabetical order.
    public func queues() async throws(QueueError) -> [String] {
        (try await send(Command("SMEMBERS", Key.queues)).strings ?? []).sorted()
    }

    /// Makes queues known to those that list or look after all queues.
    public func register(queues: [String]) async throws(QueueError) {
        guard !queues.isEmpty else { return }
        var command = Command("SADD", Key.queues)
        command.append(contentsOf: queues)
        _ = try await send(command)
    }

    /// What in the server's configuration may lose accepted jobs, a sentence each; empty if nothing, or if the server
    /// does not tell.
    public func durabilityWarnings() async throws(QueueError) -> [String] {
        let asked = ["appendonly", "appendfsync", "maxmemory-policy"]
        var values: [String: String] = [:]
        for name in asked {
            guard let pair = try? await send(Command("CONFIG", "GET", name)).strings, pair.count == 2 else { continue }
            values[name] = pair[1]
        }
        var warnings: [String] = []
        if let value = values["appendonly"], value != "yes" {
            warnings.append(
                "Redis has appendonly \(value): a crash loses what is not in the last snapshot; set it to yes")
        } else if let value = values["appendfsync"], value != "always" {
            warnings.append("Redis has appendfsync \(value): a crash may lose the last seconds; set it to always")
        }
        if let value = values["maxmemory-policy"], value != "noeviction" {
            warnings.append("Redis has maxmemory-policy \(value) and may evict jobs; set it to noeviction")
        }
        return warnings
    }

    public func shutdown() async { await client.shutdown() }

    /// Calls a function of the library; loads the library again where a failover has lost it.
    func call(_ function: String, _ queue: String, _ arguments: [String] = []) async throws(QueueError) -> Reply {
        var command = Self.command(function, queue)
        command.append(contentsOf: arguments)
        return try await send(command)
    }

    static func command(_ function: String, _ queue: String) -> Command {
        Command("FCALL", "penstock_\(function)", "1", queue)
    }

    func send(_ command: Command) async throws(QueueError) -> Reply {
        do throws(RedisError) {
            do throws(RedisError) {
                return try await client.send(command)
            } catch {
                guard error.isMissingFunction else { throw error }
                try await LibraryLoader.load(on: client.dedicatedForLoading(), logger: logger)
                return try await client.send(command)
            }
        } catch {
            throw QueueError(error)
        }
    }
}

extension Client {
    /// The shared connection must not be used for `WATCH`: commands of others would stand between look and load.
    fileprivate func dedicatedForLoading() async throws(RedisError) -> Connection { try await dedicated() }
}

extension RedisError {
    var isMissingFunction: Bool {
        if case .server("ERR", let message) = self { message.hasPrefix("Function not found") } else { false }
    }
}

extension QueueError {
    init(_ error: RedisError) {
        switch error {
        case .notConnected, .lost, .timedOut: self = .away(error.plain, maybeExecuted: error.maybeExecuted)
        case .invalidAddress(let text): self = .invalid(text)
        case .garbled(let text): self = .refused(text)
        case .server("FULL", let message): self = .full(message)
        case .server("OOM", _):
            self = .outOfMemory(
                "Redis is at its maxmemory and takes no new jobs; raise it, or let workers drain the queues")
        case .server("INVALID", let message): self = .invalid(message)
        case .server("UNKNOWN", let message): self = .unknown(message)
        case .server(let code, let message):
            self = error.isAway ? .away("\(code) \(message)", maybeExecuted: false) : .refused("\(code) \(message)")
        }
    }
}

extension RedisError {
    /// The description without the remark that the command may have been executed.
    fileprivate var plain: String {
        switch self {
        case .lost(let text), .timedOut(let text): text
        default: description
        }
    }
}
