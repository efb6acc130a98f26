import Hummingbird
import JSON
import Penstock

extension API {
    /// `GET /v1/queues/{queue}/jobs/{id}`: from Redis while it lives or is dead, else from the history.
    func job(_ id: String, in queue: Queue) async throws(Problem) -> Response {
        let live = try await ask(queue, invalid: .badRequest) { queue async throws(QueueError) in
            try await queue.job(id)
        }
        if let record = live { return .json(.ok, JSONText(record)) }
        if let record = try await ended(id, in: queue) { return .json(.ok, JSONText(record)) }
        let places =
            history == nil ? "Redis, and this process has no Postgres to look for ended ones" : "Redis and in Postgres"
        throw Problem(.notFound, "queue \(queue.name) has no such job in \(places); check the id")
    }

    private func ended(_ id: String, in queue: Queue) async throws(Problem) -> JobRecord? {
        guard let history else { return nil }
        let answer = await within(patience) { () async -> Result<JobRecord?, any Error> in
            do { return .success(try await history.job(queue: queue.name, id: id)) } catch { return .failure(error) }
        }
        switch answer {
        case .success(let record)?: return record
        case .failure(let error)?:
            logger.warning(
                "Ended job could not be read", metadata: [LogKey.queue: "\(queue.name)", LogKey.error: "\(error)"])
            throw .unavailable("Redis has no such job, and Postgres cannot tell about ended ones now; ask again later")
        case nil: throw .unavailable("Redis has no such job, and Postgres did not answer in time; ask again later")
        }
    }

    /// `GET /v1/queues`: the backlog of every known queue.
    func backlogs() async throws(Problem) -> Response {
        switch await Depths(store: store, queues: queues).read(within: patience) {
        case .success(let backlogs): return .json(.ok, .object([("queues", .array(backlogs.map { JSONText($0) }))]))
        case .failure(let error):
            logger.warning("Backlogs could not be read", metadata: [LogKey.error: "\(error)"])
            throw .unavailable("Redis cannot tell about the queues now; ask again later")
        }
    }
}
