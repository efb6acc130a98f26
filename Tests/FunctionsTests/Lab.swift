import Functions
import Logging
import NIOPosix
import Redis
import Servers
import Support
import Synchronization

/// A redis-server with the function library of this checkout, for one suite; started by the first test that needs it.
final class Lab: Sendable {
    private let extra: [String]
    private let source: String
    private let hasManualClock: Bool
    private let started = Mutex<Task<Client, any Error>?>(nil)

    /// - Parameters:
    ///   - extra: arguments of redis-server.
    ///   - source: the library, where a test needs one with another constant.
    ///   - hasManualClock: whether time stands still in its queues until a test lets it pass.
    init(_ extra: String..., source: String = Library.source, hasManualClock: Bool = false) {
        self.extra = extra
        self.source = hasManualClock ? ManualClock.built(into: source) : source
        self.hasManualClock = hasManualClock
    }

    /// A queue that no other test uses.
    func queue() async throws -> TestQueue {
        let queue = TestQueue(name: "q\(UInt32.random(in: .min ... .max))", client: try await client())
        if hasManualClock { try await queue.setClock(try await queue.now()) }
        return queue
    }

    private func client() async throws -> Client {
        let task = started.withLock { started in
            let task = started ?? Task { try await self.start() }
            started = task
            return task
        }
        return try await task.value
    }

    private func start() async throws -> Client {
        let server = try RedisServer.started(appendOnly: false, extra: extra)
        let client = Client(
            address: try Address(url: server.url), eventLoop: MultiThreadedEventLoopGroup.singleton.any(),
            logger: Logger(label: "lab", factory: { _ in SwiftLogNoOpLogHandler() }))
        _ = try await client.send(Command("FUNCTION", "LOAD", "REPLACE", source), timeout: .seconds(120), waits: true)
        return client
    }
}
