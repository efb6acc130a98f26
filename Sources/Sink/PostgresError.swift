/// What can go wrong between Penstock and Postgres. Descriptions carry Postgres's primary message and SQLSTATE, never its
/// detail, which quotes rows, and never a password.
package enum PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `DATABASE_URL` cannot be read; the text says what is wrong with it, without quoting it.
    case unreadableURL(String)
    /// No connection, or one that broke: trying again later helps.
    case away(String)
    /// The server answered with an error. `state` is the SQLSTATE.
    case refused(state: String, message: String)
    /// The schema was made by a newer Penstock.
    case newerSchema(found: Int, known: Int)
    /// The schema is missing or older than this program needs.
    case olderSchema(found: Int, needed: Int)

    package var description: String {
        switch self {
        case .unreadableURL(let fault):
            "DATABASE_URL \(fault); write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE with special characters percent-encoded"
        case .away(let reason):
            "Postgres is away: \(reason); check that it runs and that DATABASE_URL names it"
        case .refused(let state, let message):
            "Postgres refused a statement: \(message) (SQLSTATE \(state)); its own log has the details"
        case .newerSchema(let found, let known):
            "the schema penstock has version \(found) and this program knows \(known); run a newer penstock"
        case .olderSchema(let found, let needed):
            "the schema penstock has version \(found) and this program needs \(needed); run penstock migrate"
        }
    }

    /// Whether the values of some row are to blame: class 22 (data), 23 (constraints), 54 (a limit, such as the depth of
    /// nesting that its JSON parser can stand). The same statement without that row may work.
    var blamesRow: Bool {
        guard case .refused(let state, _) = self else { return false }
        return ["22", "23", "54"].contains(state.prefix(2))
    }

    /// Whether a schema, a table or a column is not there.
    var missesSchema: Bool {
        guard case .refused(let state, _) = self else { return false }
        return ["3F000", "42P01", "42703"].contains(state)
    }

    /// Whether waiting cannot help.
    package var isFinal: Bool {
        switch self {
        case .unreadableURL, .newerSchema: true
        case .away, .refused, .olderSchema: false
        }
    }
}
