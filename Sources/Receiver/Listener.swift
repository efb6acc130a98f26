import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves a site on an address, as a service: at a graceful shutdown it takes no new connections, finishes the requests
/// that are in flight and returns.
package struct Listener: Service {
    private let site: Site
    private let host: String
    private let port: Int
    private let limits: Limits
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) -> Void

    /// - Parameters:
    ///   - port: 0 lets the system choose one.
    ///   - onListening: called once, with the port that is really bound.
    package init(
        site: Site, host: String, port: Int, limits: Limits = Limits(), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) {
        self.site = site
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// - Throws: `ReceiverError.cannotListen` when the address cannot be had.
    package func run() async throws {
        let isListening = Mutex(false)
        do {
            try await serve { port in
                isListening.withLock { $0 = true }
                onListening(port)
            }
        } catch  where !isListening.withLock({ $0 }) {
            throw ReceiverError.cannotListen("\(host):\(port)", reason: Self.reason(error))
        }
    }

    private func serve(_ whenListening: @escaping @Sendable (Int) -> Void) async throws {
        let limits = limits
        let application = Application(
            responder: site,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(limits: limits)], idleTimeout: limits.idle)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "penstock",
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)),
            onServerRunning: { channel in whenListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        defer { site.tellCut(logger) }
        try await application.run()
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "the address is in use"
        case EACCES: "this user may not"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: "\(error)"
        }
    }
}
