import Logging
import Penstock

/// The tables `penstock.jobs` and `penstock.attempts`, written. Connects when it is first used and again whenever the
/// connection was lost; everything it does may be repeated.
package struct Ledger: Sendable {
    /// A statement that the server has not answered by then has failed: a batch of 25 MiB takes seconds.
    static let limit = Duration.seconds(60)

    let session: Session

    /// Names the server, and does not connect yet.
    /// - Parameter url: `postgres://user:password@host:port/database`, or any other connection string of libpq.
    /// - Throws: `PostgresError.unreadableURL`, which does not quote the URL.
    package init(url: String) throws(PostgresError) {
        session = Session(try Address(url), name: "penstock-ledger")
    }

    /// Waits for a connection.
    /// - Throws: the last reason when there is none after `timeout`.
    package func connect(within timeout: Duration = .seconds(5)) async throws(PostgresError) {
        let deadline = ContinuousClock.now + timeout
        while true {
            do {
                return try await session.perform { connection throws(PostgresError) in
                    try connection.run("SELECT 1", within: .seconds(5))
                }
            } catch {
                if ContinuousClock.now >= deadline || Task.isCancelled { throw error }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Lets what is going on fail after `time`, instead of waiting for a server that hangs. Nothing works afterwards.
    package func finish(within time: Duration) { session.finish(within: time) }

    /// Gives the connection back. The next use opens another.
    package func close() async { await session.close() }
}
