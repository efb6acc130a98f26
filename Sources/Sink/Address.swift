/// Where Postgres is: a URL or any other connection string of libpq, checked before the first connection so that a mistake
/// is found at start and a misread password cannot come back in an error.
struct Address: Sendable {
    let text: String
    /// Removed from whatever the server or libpq says.
    let password: String?

    init(_ text: String) throws(PostgresError) {
        // libpq takes a bare word for the name of a database, and nothing for the default one.
        guard text.contains("=") || text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
            throw .unreadableURL(text.isEmpty ? "is empty" : "is neither a postgres:// URL nor name=value pairs")
        }
        guard !text.utf8.contains(0), let options = Connection.options(of: text) else {
            throw .unreadableURL("cannot be read by libpq")
        }
        // A password with a bare `@` or `/` in it spills over into the other parts.
        let isURL = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
        for part in ["host", "dbname"] where isURL && options[part]?.contains("@") == true {
            throw .unreadableURL("has a second @ in it, probably in the password")
        }
        if let ports = options["port"], !ports.split(separator: ",").allSatisfy({ UInt16($0) != nil }) {
            throw .unreadableURL("has a port that is no number from 0 to 65535")
        }
        self.text = text
        self.password = options["password"]
    }

    /// One line of what libpq says about a failure, without the password.
    func clean(_ message: String) -> String {
        var lines = message.split(whereSeparator: \.isNewline).map { line in
            line.drop { $0 == "\t" || $0 == " " }.replacing("FATAL:  ", with: "")
        }
        lines.removeAll { $0.hasPrefix("Is the server running") || $0.hasPrefix("This probably means") }
        let line = lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
        guard let password, !password.isEmpty else { return line }
        return line.replacing(password, with: "***")
    }
}
