import Logging
import NIOCore
import Synchronization

/// A connection that comes back: connects when first used, then reconnects for ever with capped, jittered pauses.
package final class Client: Sendable {
    /// Makes a fresh connection usable before anybody else gets it.
    package typealias Preparation = @Sendable (Connection) async throws(RedisError) -> Void

    private enum State {
        case idle
        case connecting
        case connected(Connection)
        case closed
    }

    private struct Shared {
        var state = State.idle
        /// Why there is no connection; nil before the first attempt has ended.
        var lastError: RedisError?
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var ticket: UInt64 = 0
    }

    package let address: Address
    package let eventLoop: any EventLoop
    private let logger: Logger
    private let prepare: Preparation
    private let shared = Mutex(Shared())

    package init(
        address: Address, eventLoop: any EventLoop, logger: Logger, prepare: @escaping Preparation = { _ in }
    ) {
        self.address = address
        self.eventLoop = eventLoop
        self.logger = logger
        self.prepare = prepare
    }

    /// Sends one command.
    /// - Throws: at once while there is no connection, unless `waits`; then when the caller's task is cancelled.
    package func send(
        _ command: Command, timeout: Duration = .seconds(5), waits: Bool = false
    ) async throws(RedisError) -> Reply {
        while true {
            let connection = try await connection(waits: waits)
            do {
                return try await connection.send(command, timeout: timeout)
            } catch {
                if case .server(code: "READONLY", _) = error { connection.close() }
                // The connection ended before the command was written.
                if waits, case .notConnected = error, !connection.isOpen { continue }
                throw error
            }
        }
    }

    /// The live connection; starts connecting if nobody has. The very first attempt is waited for, a lost connection only
    /// if the caller `waits`.
    package func connection(waits: Bool = false) async throws(RedisError) -> Connection {
        while true {
            let (connection, error) = shared.withLock { shared -> (Connection?, RedisError?) in
                switch shared.state {
                case .connected(let connection) where connection.isOpen: (connection, nil)
                case .closed: (nil, .notConnected("the client was shut down"))
                case .idle, .connecting, .connected: (nil, waits ? nil : shared.lastError)
                }
            }
            if let connection { return connection }
            start()
            if let error { throw .notConnected("\(error)") }
            await change()
            if Task.isCancelled { throw .notConnected("cancelled while waiting for \(address.label)") }
        }
    }

    /// Waits for a connection.
    /// - Throws: the last reason when there is none after `timeout`.
    package func connect(within timeout: Duration) async throws(RedisError) {
        let deadline = ContinuousClock.now + timeout
        let alarm = eventLoop.scheduleTask(in: TimeAmount(timeout)) { self.wake() }
        defer { alarm.cancel() }
        while ContinuousClock.now < deadline {
            let isOpen = shared.withLock { shared in
                if case .connected(let connection) = shared.state { connection.isOpen } else { false }
            }
            if isOpen { return }
            start()
            await change()
            if let error = shared.withLock({ $0.lastError }), case .server = error, !error.isAway { throw error }
        }
        throw shared.withLock { $0.lastError } ?? .notConnected("no connection to \(address.label) within \(timeout)")
    }

    /// A connection of one's own, for commands that block; the caller closes it.
    package func dedicated() async throws(RedisError) -> Connection {
        let connection = try await Connection.connect(to: address, on: eventLoop)
        do {
            try await prepare(connection)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    package func shutdown() async {
        let connection = shared.withLock { shared -> Connection? in
            defer { shared.state = .closed }
            if case .connected(let connection) = shared.state { return connection }
            return nil
        }
        connection?.close()
        wake()
        try? await connection?.closed.get()
    }

    /// Begins to connect, unless that goes on or is over.
    private func start() {
        let begins = shared.withLock { shared in
            switch shared.state {
            case .connecting, .closed: return false
            case .connected(let connection) where connection.isOpen: return false
            case .idle, .connected:
                shared.state = .connecting
                return true
            }
        }
        if begins { Task { await self.connectForEver() } }
    }

    private func connectForEver() async {
        var backoff = Backoff()
        while true {
            do throws(RedisError) {
                let connection = try await dedicated()
                let isWanted = shared.withLock { shared in
                    guard case .connecting = shared.state else { return false }
                    shared.state = .connected(connection)
                    return true
                }
                guard isWanted else { return connection.close() }
                logger.debug("connected", metadata: ["redis": "\(address.label)"])
                connection.closed.whenComplete { _ in self.lost(connection) }
                return wake()
            } catch {
                let goesOn = shared.withLock { shared in
                    shared.lastError = error
                    if case .connecting = shared.state { return true }
                    return false
                }
                logger.debug("not connected", metadata: ["redis": "\(address.label)", "error": "\(error)"])
                wake()
                guard goesOn else { return }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func lost(_ connection: Connection) {
        shared.withLock { shared in
            guard case .connected(let current) = shared.state, current === connection else { return }
            shared.state = .idle
            shared.lastError = .notConnected("the connection to \(address.label) was lost")
        }
        logger.debug("connection lost", metadata: ["redis": "\(address.label)"])
        wake()
        start()
    }

    /// Waits until something about the connection changes, or the task is cancelled.
    private func change() async {
        let ticket = shared.withLock { shared in
            shared.ticket += 1
            return shared.ticket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = shared.withLock { shared -> Bool in
                    if case .connected(let connection) = shared.state, connection.isOpen { return true }
                    if case .closed = shared.state { return true }
                    if Task.isCancelled { return true }
                    shared.waiting[ticket] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            shared.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }

    private func wake() {
        let waiting = shared.withLock { shared in
            defer { shared.waiting = [:] }
            return shared.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }
}
