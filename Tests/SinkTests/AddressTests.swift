import Testing

@testable import Sink

@Suite struct AddressTests {
    @Test(arguments: [
        "", "penstock", "http://u:sesame@h/d", "postgres://u:ses@me@h/d", "postgres://u:1/2sesame@h/d",
        "postgres://u:sesame@h:port/d", "postgres://u:sesame@h:99999/d", "postgres://u:sesame@h/d?nonsense=sesame",
        "postgres://u:%zzsesame@h/d", "host=h password=sesame nonsense=sesame", "host='sesame",
    ])
    func `a URL that cannot be read is refused without being quoted`(url: String) {
        #expect {
            try Ledger(url: url)
        } throws: { error in
            guard case .unreadableURL = error as? PostgresError else { return false }
            let text = "\(error)"
            return text.contains("DATABASE_URL") && !text.contains("sesame") && !text.contains("ses@")
        }
    }

    @Test(arguments: [
        "postgres://u:p%40w@127.0.0.1:1/d", "postgresql:///d?host=/tmp", "host=127.0.0.1 port=1 dbname=d",
        "postgres://h1:1,h2:2/d?sslmode=disable",
    ])
    func `URLs and connection strings of libpq are accepted`(url: String) throws {
        _ = try Ledger(url: url)
    }

    /// The second one has its password in a place that libpq does quote.
    @Test(arguments: [
        "postgres://penstock:sesame@127.0.0.1:1/d", "postgres://penstock:sesame@/d?host=/127.0.0.1/sesame",
    ])
    func `a server that is not there is told in one line without the password`(url: String) async throws {
        let ledger = try Ledger(url: url)
        await #expect {
            try await ledger.connect(within: .milliseconds(10))
        } throws: { error in
            guard case .away = error as? PostgresError else { return false }
            let text = "\(error)"
            return text.contains("127.0.0.1") && !text.contains("\n") && !text.contains("sesame")
        }
    }

    @Test func `what the server says about values stays out of an error`() async throws {
        let database = try await Database()
        try await database.run("CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('sesame')")
        await #expect {
            try await database.run("INSERT INTO t VALUES ('sesame')")
        } throws: { error in
            guard case .refused(state: "23505", _) = error as? PostgresError else { return false }
            return !"\(error)".contains("sesame")
        }
    }
}
