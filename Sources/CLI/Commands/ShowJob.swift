import ArgumentParser
import Foundation
import Penstock
import Sink

/// `penstock job ID`: where a job is and what became of it, whatever queue it is in.
struct ShowJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "Shows a job: live and dead ones from Redis, ended ones from Postgres.")

    @Argument(help: "The job's id.")
    var id: String

    @Flag(help: "Print one line of JSON for each record.")
    var json = false

    @OptionGroup var place: PlaceOptions
    @OptionGroup var database: DatabaseOption

    func run() async throws {
        let environment = Environment.settings
        let history = try database.url(environment).map { url throws(PostgresError) in try PostgresHistory(url: url) }
        let redis = place.redis
        let live = await live(redis.url(environment))
        if case .success(let records) = live, !records.isEmpty { return try show(records) }
        // A job that ended is nowhere but in Postgres, so that is asked also while Redis is away.
        let ended = try await ended(history)
        guard ended.isEmpty else { return try show(ended) }
        _ = try live.get()
        throw Failure.failed(
            history == nil
                ? "no live or dead job is \(shownID) in \(redis.label(environment)); set DATABASE_URL to look for it among ended ones"
                : "no job is \(shownID), neither in \(redis.label(environment)) nor in Postgres; check the id")
    }

    private var shownID: String { String(id.prefix(128)).oneLine }

    private func live(_ url: String) async -> Result<[JobRecord], Failure> {
        do {
            let store = try await Store.reached(url)
            let names = if let queue = place.queue { [queue] } else { try await store.queues() }
            var records: [JobRecord] = []
            for name in names where Queue.isValid(name) {
                if let record = try await Queue(name, in: store).job(id) { records.append(record) }
            }
            await store.shutdown()
            return .success(records)
        } catch {
            return .failure(Failure(error))
        }
    }

    private func ended(
        _ history: PostgresHistory?
    ) async throws -> [JobRecord] {
        guard let history else { return [] }
        do {
            return try await history.jobs(id: id).filter { $0.queue == place.queue ?? $0.queue }
        } catch PostgresError.refused(state: "42P01", _) {
            // Nobody has migrated yet, so nothing is recorded.
            return []
        }
    }

    private func show(_ records: [JobRecord]) throws(Failure) {
        if json { return try Terminal.write(records.map(\.json.text)) }
        try Terminal.write(Array(records.map(\.lines).joined(separator: [""])))
    }
}

extension RedisOption {
    /// Without credentials.
    func label(_ environment: [String: String]) -> String {
        (try? Store(url: url(environment)))?.label ?? "Redis"
    }
}
