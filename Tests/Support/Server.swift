import Servers

extension RedisServer {
    /// A server of the caller's own, started, in a new folder, on a unix socket. It is killed when the test process
    /// exits; a suite keeps it in a `static let`.
    package static func started(appendOnly: Bool = true, extra: [String] = []) throws -> RedisServer {
        let server = RedisServer(directory: "\(temporaryDirectory())/redis", appendOnly: appendOnly, extra: extra)
        try server.start()
        return server
    }
}

extension PostgresServer {
    /// A server of the caller's own, started, in a new folder, on a unix socket, not waiting for the disk. It is
    /// killed when the test process exits; a suite keeps it in a `static let`.
    package static func started() throws -> PostgresServer {
        let server = PostgresServer(directory: "\(temporaryDirectory())/postgres", durable: false)
        try server.start()
        return server
    }
}
