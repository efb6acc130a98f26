import Foundation
import NIOCore
import Penstock

/// Ended jobs, looked up in Postgres over a connection of its own, so that a lookup never waits for a batch.
package struct PostgresHistory: History {
    /// A lookup by key that takes longer serves nobody who waits for an HTTP answer.
    private static let limit = Duration.seconds(5)

    private let session: Session

    /// - Throws: `PostgresError.unreadableURL`, which does not quote the URL.
    package init(url: String) throws(PostgresError) {
        session = Session(try Address(url), name: "penstock-history")
    }

    package func job(queue: String, id: String) async throws -> JobRecord? {
        var parameters = Parameters()
        parameters.add(text: queue.storable)
        parameters.add(text: id.storable)
        return try await find("queue = $1 AND id = $2", parameters).first
    }

    package func jobs(id: String) async throws -> [JobRecord] {
        var parameters = Parameters()
        parameters.add(text: id.storable)
        return try await find("id = $1 ORDER BY event_ms DESC, event_seq DESC", parameters)
    }

    package func check() async throws {
        try await session.perform { connection throws(PostgresError) in try Self.checkSchema(connection) }
    }

    private static func checkSchema(_ connection: Connection) throws(PostgresError) {
        let version = try connection.schemaVersion(within: limit)
        if version < Migration.newest { throw .olderSchema(found: version, needed: Migration.newest) }
    }

    private func find(_ condition: String, _ parameters: Parameters) async throws(PostgresError) -> [JobRecord] {
        try await session.perform { connection throws(PostgresError) in
            do throws(PostgresError) {
                return try connection.query(
                    "SELECT \(JobRecord.columns) FROM penstock.jobs WHERE \(condition)", parameters,
                    within: PostgresHistory.limit
                ).map(JobRecord.init)
            } catch {
                // A column or a table that is not there yet: say so, and what makes it.
                if error.missesSchema { try Self.checkSchema(connection) }
                throw error
            }
        }
    }
}

extension JobRecord {
    fileprivate static let columns = """
        queue, id, type, state, priority, key, attempts, source, \(milliseconds("enqueued_at")),
        \(milliseconds("started_at")), \(milliseconds("finished_at")), run_ms, wait_ms, worker, error, result::text,
        coalesce(convert_to(payload::text, 'UTF8'), payload_bytes), note, \(milliseconds("resolved_at"))
        """

    private static func milliseconds(_ column: String) -> String {
        "round(extract(epoch FROM \(column)) * 1000)::bigint"
    }

    fileprivate init(_ row: Row) {
        self.init(
            queue: row.text(0) ?? "", id: row.text(1) ?? "", type: row.text(2) ?? "",
            // A state of a newer schema cannot be met: `check` and `migrate` refuse that schema.
            state: row.text(3).flatMap(JobState.init) ?? .dead,
            priority: row.integer(4).flatMap(Priority.init) ?? .normal)
        key = row.text(5)
        attempts = row.integer(6) ?? 0
        source = row.text(7)
        enqueuedAt = row.date(8)
        startedAt = row.date(9)
        finishedAt = row.date(10)
        runMilliseconds = row.integer(11)
        waitMilliseconds = row.integer(12)
        worker = row.text(13)
        error = row.text(14)
        result = row.bytes(15)
        payload = row.bytes(16)
        note = row.text(17)
        resolvedAt = row.date(18)
    }
}

extension Row {
    fileprivate func date(_ column: Int) -> Date? {
        integer(column).map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }
}
