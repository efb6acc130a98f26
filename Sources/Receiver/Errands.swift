import Hummingbird
import Logging
import Penstock
import Synchronization

/// What goes on with whole queues. It may outlast the request that began it; a second request must not double it.
final class Errands: Sendable {
    private let underWay = Mutex<Set<String>>([])

    func begin(_ name: String) -> Bool { underWay.withLock { $0.insert(name).inserted } }
    func end(_ name: String) { underWay.withLock { _ = $0.remove(name) } }

    /// After the last request: what was promised with 202 and has not ended. It goes on as long as the process lives.
    func tellCut(_ logger: Logger) {
        for name in underWay.withLock({ $0.sorted() }) {
            logger.warning(
                "Work on a queue goes on while this process stops; unless its end is logged, ask for the rest again",
                metadata: [
                    LogKey.verb: "\(name.prefix { $0 != " " })", LogKey.queue: "\(name.drop { $0 != " " }.dropFirst())",
                ])
        }
    }
}

extension API {
    /// Does something with many jobs, page by page. Nil when that takes longer than a request may: then it goes on in this
    /// process, and its end is in the log.
    /// - Parameter facts: what the log tells of the result; the request may have been answered before it was there.
    /// - Throws: `Problem` 409 while the same goes on from an earlier request.
    func run<Value: Sendable>(
        _ verb: String, on queue: Queue, facts: @escaping @Sendable (Value) -> Logger.Metadata,
        _ body: @escaping @Sendable () async throws(QueueError) -> Value
    ) async throws(Problem) -> Value? {
        let name = "\(verb) \(queue.name)"
        guard errands.begin(name) else {
            throw Problem(
                .conflict, "an earlier \(verb) of queue \(queue.name) goes on; ask again when it has ended",
                headers: [.retryAfter: Problem.retryAfter])
        }
        let (errands, logger) = (errands, logger)
        // A task of its own: the deadline cancels what waits for it, and not the work.
        let work = Task { () async -> Result<Value, QueueError> in
            let result = await Result { () async throws(QueueError) in try await body() }
            errands.end(name)
            let place: Logger.Metadata = [LogKey.verb: "\(verb)", LogKey.queue: "\(queue.name)"]
            switch result {
            case .success(let value):
                logger.info("Work on a queue has ended", metadata: place.merging(facts(value)) { $1 })
            case .failure(let error):
                logger.warning(
                    "Work on a queue ended early", metadata: place.merging([LogKey.error: "\(error)"]) { $1 })
            }
            return result
        }
        switch await within(patienceForMany, { await work.value }) {
        case .success(let value)?: return value
        case .failure(let error)?: throw .notDone(error, invalid: .badRequest)
        case nil: return nil
        }
    }
}
