import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One connection. Commands of many tasks share it: what is sent within one turn of the event loop leaves in one write.
package final class Connection: Sendable {
    /// Commands that wait for the next write. Bytes and waiters change under one lock, else replies and callers drift apart.
    private struct Pending {
        var bytes = ByteBuffer()
        var waiters: [ReplyHandler.Waiter] = []
        var isScheduled = false
        var isClosed = false
    }

    /// Unwritten bytes at which further commands are refused: a server that takes nothing must not eat our memory.
    private static let bufferLimit = 256 << 20

    private let channel: any Channel
    private let handler: NIOLoopBound<ReplyHandler>
    private let pending = Mutex(Pending())
    package let label: String

    private init(channel: any Channel, handler: NIOLoopBound<ReplyHandler>, label: String) {
        self.channel = channel
        self.handler = handler
        self.label = label
        channel.closeFuture.whenComplete { [weak self] _ in self?.failPending() }
    }

    package var eventLoop: any EventLoop { channel.eventLoop }
    package var closed: EventLoopFuture<Void> { channel.closeFuture }
    package var isOpen: Bool { channel.isActive }

    /// Connects, logs in, selects the database. Each step takes at most `timeout`.
    package static func connect(
        to address: Address, on eventLoop: any EventLoop, timeout: Duration = .seconds(5)
    ) async throws(RedisError) -> Connection {
        let connection: Connection
        do {
            connection = try await open(address, on: eventLoop, timeout: timeout).get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .notConnected("no connection to \(address.label): \(reason(error))")
        }
        do throws(RedisError) {
            if let password = address.password {
                var login = Command("AUTH")
                if let user = address.user { login.append(user) }
                login.append(password)
                _ = try await connection.send(login, timeout: timeout)
            }
            if address.database != 0 {
                _ = try await connection.send(Command("SELECT", String(address.database)), timeout: timeout)
            }
            try await prove(connection, within: timeout)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    /// Sends one command and waits for its reply.
    package func send(_ command: Command, timeout: Duration = .seconds(5)) async throws(RedisError) -> Reply {
        let result = await withCheckedContinuation { answer in
            enqueue([command], .init(answers: .one(answer), deadline: .now() + TimeAmount(timeout)))
        }
        return try result.get()
    }

    /// Sends several commands in one write and waits for all replies; a refusal is an `.error` in its place.
    package func send(_ commands: [Command], timeout: Duration = .seconds(5)) async throws(RedisError) -> [Reply] {
        if commands.isEmpty { return [] }
        let result = await withCheckedContinuation { answer in
            enqueue(commands, .init(answers: .many(commands.count, answer), deadline: .now() + TimeAmount(timeout)))
        }
        return try result.get()
    }

    package func close() { channel.close(promise: nil) }

    private func enqueue(_ commands: [Command], _ waiter: ReplyHandler.Waiter) {
        let (refusal, schedules) = pending.withLock { pending -> (RedisError?, Bool) in
            if pending.isClosed { return (.notConnected("the connection to \(label) is closed"), false) }
            if pending.bytes.readableBytes > Self.bufferLimit {
                return (.notConnected("\(label) takes no commands: \(pending.bytes.readableBytes) bytes wait"), false)
            }
            for command in commands { command.write(to: &pending.bytes) }
            pending.waiters.append(waiter)
            defer { pending.isScheduled = true }
            return (nil, !pending.isScheduled)
        }
        if let refusal {
            waiter.fail(refusal)
        } else if schedules {
            channel.eventLoop.execute { self.flush() }
        }
    }

    /// Writes what has come together. On the event loop.
    private func flush() {
        let (bytes, waiters) = pending.withLock { pending in
            defer {
                pending.bytes = ByteBuffer()
                pending.waiters = []
                pending.isScheduled = false
            }
            return (pending.bytes, pending.waiters)
        }
        guard !waiters.isEmpty else { return }
        guard let context = try? channel.pipeline.syncOperations.context(handler: handler.value) else {
            for waiter in waiters { waiter.fail(.notConnected("the connection to \(label) is closed")) }
            return
        }
        handler.value.expect(waiters, on: context)
        context.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    private func failPending() {
        let waiters = pending.withLock { pending in
            defer {
                pending.waiters = []
                pending.isClosed = true
            }
            return pending.waiters
        }
        for waiter in waiters { waiter.fail(.notConnected("the connection to \(label) is closed")) }
    }
}

extension Connection {
    private static func open(
        _ address: Address, on eventLoop: any EventLoop, timeout: Duration
    ) -> EventLoopFuture<Connection> {
        let label = address.label
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if address.isTLS, case .tcp(let host, _) = address.place {
                        try channel.pipeline.syncOperations.addHandler(tls(host: host, authority: address.authority))
                    }
                    try channel.pipeline.syncOperations.addHandler(ReplyHandler(label: label))
                }
            }
        let opened =
            switch address.place {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        return opened.flatMapThrowing { channel in
            let handler = try channel.pipeline.syncOperations.handler(type: ReplyHandler.self)
            return Connection(
                channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), label: label)
        }
    }

    /// What is refused only after it was accepted (a certificate, one client too many, a server that loads) has failed to
    /// connect, and is tried again after a pause; else it would be a connection lost again and again.
    private static func prove(_ connection: Connection, within timeout: Duration) async throws(RedisError) {
        do throws(RedisError) {
            _ = try await connection.send(Command("PING"), timeout: timeout)
        } catch .server(code: "NOPERM", _) {
            // A user who may not ask is connected all the same.
        }
    }

    private static func tls(host: String, authority: String?) throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authority { configuration.trustRoots = .file(authority) }
        let isIP = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        // Server name indication takes no IP address; the certificate is verified all the same.
        return try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration), serverHostname: isIP ? nil : host)
    }

    /// What the system said, in its words.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "the name \(error.host) cannot be resolved"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout(let limit): "no answer within \(limit.nanoseconds / 1_000_000) ms"
        default: "\(error)"
        }
    }
}
