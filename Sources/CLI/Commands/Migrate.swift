import ArgumentParser
import Penstock
import Sink

/// `penstock migrate`: the schema in Postgres, made or upgraded.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates or upgrades the schema penstock in Postgres; run does so by itself with the role sink.")

    @OptionGroup var database: DatabaseOption

    func run() async throws {
        guard let url = database.url(Environment.settings) else {
            throw Failure.usage("no Postgres is named; set DATABASE_URL or --database-url")
        }
        let ledger = try Ledger(url: url)
        try await ledger.connect(within: Store.patience)
        let applied = try await ledger.migrate()
        await ledger.close()
        try Terminal.write(applied.isEmpty ? ["the schema is up to date"] : applied.map { "applied \($0)" })
    }
}
