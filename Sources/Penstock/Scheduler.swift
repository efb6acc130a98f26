import Foundation
import Logging
import Redis
import ServiceLifecycle

/// Promotes what is due, gives back the runs of workers that died, sweeps. Every call is idempotent: any number of
/// schedulers may run side by side, none is the leader.
public final class Scheduler: Service {
    private static let tick = Duration.seconds(1)
    /// While recovery holds, because the last call was more than half a lease ago: half of the shortest lease is 500 ms, and
    /// calls further apart than that would hold for ever.
    private static let shortTick = Duration.milliseconds(250)

    private let store: Store
    private let queues: [String]
    private let logger: Logger

    /// - Parameter queues: looked after beside all that the store knows.
    public init(in store: Store, queues: [String] = [], logger: Logger = Logger(label: "penstock.scheduler")) {
        self.store = store
        self.queues = queues
        self.logger = logger
    }

    public func run() async throws {
        var isAway = false
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            var holds = false
            do throws(QueueError) {
                for name in Set(try await store.queues()).union(queues).sorted() {
                    if try await look(after: Queue(name, in: store)) { holds = true }
                }
                try await forgetWorkers()
                if isAway { logger.info("Redis is back") }
                isAway = false
            } catch {
                if !isAway { logger.warning("Redis is away", metadata: [LogKey.error: "\(error)"]) }
                isAway = true
            }
            // The timer of a cancelled or ending process throws; the loop sees why.
            let pause = holds ? Self.shortTick : Self.tick
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    /// One queue's round. What one queue refuses does not stop the others.
    /// - Returns: whether recovery holds.
    func look(after queue: Queue) async throws(QueueError) -> Bool {
        var holds = false
        for function in ["recover", "sweep"] {
            var goesOn = true
            // What is left then is done at the next look: other queues wait for theirs.
            let end = ContinuousClock.now + Self.tick
            while goesOn, !Task.isCancelled, ContinuousClock.now < end {
                do throws(QueueError) {
                    let words = try await queue.call(function).strings ?? []
                    goesOn = words.last == "more"
                    if words.last == "hold" { holds = true }
                    if function == "recover", words.count == 3, words[0] != "0" || words[1] != "0" {
                        logger.info(
                            "recovered runs of dead workers",
                            metadata: [
                                LogKey.queue: "\(queue.name)", "recovered": "\(words[0])", "dead": "\(words[1])",
                            ])
                    }
                } catch {
                    if case .away = error { throw error }
                    logger.error(
                        "a queue cannot be looked after",
                        metadata: [LogKey.queue: "\(queue.name)", LogKey.error: "\(error)"])
                    goesOn = false
                }
            }
        }
        return holds
    }

    /// Redis 7.0 cannot expire fields of a hash, so the heartbeats of the dead are deleted here.
    private func forgetWorkers() async throws(QueueError) {
        struct Beat: Decodable { let at: Int64 }
        let now = try await store.now()
        for (name, value) in try await store.send(Command("HGETALL", Store.Key.workers)).pairs {
            let beat = value.bytes.flatMap { try? JSONDecoder().decode(Beat.self, from: $0) }
            guard now - (beat?.at ?? 0) > Store.silence else { continue }
            _ = try await store.send(Command("HDEL", Store.Key.workers, name))
        }
    }
}
