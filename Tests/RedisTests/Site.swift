import Logging
import NIOCore
import NIOPosix
import Redis
import Servers
import Support
import Testing

/// A redis-server of one test's own, and ways to reach it.
struct Site {
    let server: RedisServer
    let address: Address
    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init(_ extra: String...) throws {
        server = try RedisServer.started(appendOnly: true, extra: extra)
        address = try Address(url: server.url)
    }

    static var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.any() }

    func connection() async throws -> Connection { try await .connect(to: address, on: Self.loop) }

    func client(_ address: Address? = nil) -> Client {
        Client(address: address ?? self.address, eventLoop: Self.loop, logger: Self.quiet)
    }
}

/// Asks again and again until the answer is yes, for at most 20 seconds.
func eventually(
    sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !isSo() {
        try #require(ContinuousClock.now < deadline, sourceLocation: sourceLocation)
        await Task.yield()
    }
}

/// What `body` throws, as an error of the room.
func failure(_ body: () async throws -> Void) async -> RedisError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RedisError
    }
}
