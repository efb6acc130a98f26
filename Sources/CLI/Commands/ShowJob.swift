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
        if case .success(let live) = live, !live.records.isEmpty { return try show(live.records) }
        // A job that ended is nowhere but in Postgres, so that is asked also while Redis is away.
        let ended = try await ended(history)
        guard ended.isEmpty else {
            switch live {
            case .failure(let failure): Terminal.tell("\(failure.lines[0]); this is what Postgres has of the job")
            case .success(let live) where ended.contains { !$0.state.isEnd }:
                Terminal.tell(
                    live.unrecorded > 0
                        ? "penstock: the job is no longer in Redis and its end is not recorded yet (events that wait for Postgres: \(live.unrecorded)); what follows is older"
                        : "penstock: the job is no longer in Redis, and nothing tells how it ended; what follows is older"
                )
            case .success: break
            }
            return try show(ended)
        }
        let unrecorded = try live.get().unrecorded
        let place = redis.label(environment)
        if history == nil {
            throw Failure.failed(
                "no live or dead job is \(shownID) in \(place); set DATABASE_URL to look for it among ended ones")
        }
        throw Failure.failed(
            unrecorded > 0
                ? "no job is \(shownID), neither in \(place) nor in Postgres, where events are still to come (\(unrecorded)); check the id, or ask again when a sink has recorded them"
                : "no job is \(shownID), neither in \(place) nor in Postgres; check the id")
    }

    /// What Redis has of the job, and if that is nothing, how many events of its queues no sink has recorded.
    private struct Live {
        var records: [JobRecord] = []
        var unrecorded = 0
    }

    private var shownID: String { String(id.prefix(128)).oneLine }

    private func live(_ url: String) async -> Result<Live, Failure> {
        do {
            let store = try await Store.reached(url)
            let names = if let queue = place.queue { [queue] } else { try await store.queues() }
            let queues = try names.filter(Queue.isValid).map { name throws(QueueError) in try Queue(name, in: store) }
            var live = Live()
            for queue in queues {
                if let record = try await queue.job(id) { live.records.append(record) }
            }
            for queue in live.records.isEmpty ? queues : [] {
                let backlog = try await queue.backlog()
                if backlog.isRecording { live.unrecorded += backlog.events }
            }
            await store.shutdown()
            return .success(live)
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
        } catch PostgresError.olderSchema(found: 0, needed: _) {
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
