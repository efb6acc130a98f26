import Foundation
import NIOCore
import Penstock
import Support

@testable import Servers
@testable import Sink

/// What one test has: a queue of its own in a Redis, the rows of it in a Postgres, a configuration, and processes that
/// end with the test.
final class Plant: Sendable {
    let folder: String
    let queue: String
    let redis: RedisServer
    let postgres: PostgresServer
    /// A look at Redis that does not pass through the processes under test.
    let store: Store
    let crew = Crew()
    private let session: Session

    /// - Parameter jobs: lines of the configuration under `jobs`; `FOLDER` in them is the test's folder.
    private init(jobs: [String], lease: String, redis: RedisServer, postgres: PostgresServer) throws {
        folder = temporaryDirectory()
        queue = "q\(UInt64.random(in: .min ... .max))"
        self.redis = redis
        self.postgres = postgres
        store = try Store(url: redis.url)
        session = Session(try Address(postgres.url), name: "test")
        let lines =
            [
                "sources:",
                "  github: { scheme: github, secrets: [env:GITHUB_WEBHOOK_SECRET, env:NEXT_WEBHOOK_SECRET] }",
                "routes:", "  - { source: github, job: activity, queue: \(queue) }", "jobs:",
                "  activity: { handler: github.activity }",
            ] + jobs.map { "  \($0.replacing("FOLDER", with: folder))" }
            + ["queues:", "  \(queue): { lease: \(lease) }"]
        try (lines.joined(separator: "\n") + "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    private static let sharedRedis = Result { try RedisServer.started() }
    private static let sharedPostgres = Result { try PostgresServer.started() }

    /// Runs a test with a plant. Servers that a test stops have to be its own.
    static func with(
        jobs: [String] = [], lease: String = "30s", redis: RedisServer? = nil, postgres: PostgresServer? = nil,
        _ body: (Plant) async throws -> Void
    ) async throws {
        let plant = try Plant(
            jobs: jobs, lease: lease, redis: redis ?? sharedRedis.get(), postgres: postgres ?? sharedPostgres.get())
        defer { plant.crew.remove() }
        do {
            try await body(plant)
        } catch {
            throw Breakdown(error: error, logs: plant.crew.logs)
        }
        await plant.store.shutdown()
    }

    var configuration: String { "\(folder)/penstock.yaml" }

    /// What a process is told by its environment.
    private var environment: [String: String] {
        [
            "REDIS_URL": redis.url, "DATABASE_URL": postgres.url, "PENSTOCK_CONFIG": configuration,
            "GITHUB_WEBHOOK_SECRET": Delivery.secret, "NEXT_WEBHOOK_SECRET": Delivery.nextSecret,
        ]
    }

    /// This process's environment without what would configure Penstock.
    static func environment(adding own: [String: String]) -> [String] {
        let names = ["PENSTOCK_", "REDIS_URL=", "DATABASE_URL=", "GITHUB_WEBHOOK_SECRET="]
        return Command.inherited.filter { line in !names.contains { line.hasPrefix($0) } }
            + own.map { "\($0.key)=\($0.value)" }
    }

    /// Starts `penstock run` with these roles.
    func start(
        _ roles: String, _ arguments: [String] = [], environment own: [String: String] = [:], port: Int = freePort()
    ) throws -> PenstockProcess {
        let home = Folder("\(folder)/\(roles)-\(UInt64.random(in: .min ... .max))")
        try home.make()
        var command = try Command(
            Product.path.get(), ["run", "--role", roles, "--listen", "127.0.0.1:\(port)"] + arguments, in: home,
            parentDeath: "KILL")
        command.environment = Self.environment(adding: environment.merging(own) { $1 })
        return try crew.add(PenstockProcess(command, port: port))
    }

    /// Starts `penstock run` and waits until it serves.
    func started(
        _ roles: String, _ arguments: [String] = [], environment own: [String: String] = [:]
    ) async throws -> PenstockProcess {
        let process = try start(roles, arguments, environment: own)
        try await process.ready()
        return process
    }

    /// A command of the product, to its end.
    func penstock(_ arguments: String..., input: Data? = nil) async throws -> Finished {
        try await Finished.run(
            Product.path.get(), arguments, in: folder, environment: environment, input: input)
    }

    /// `redis-cli`, as somebody without an SDK uses it.
    func redisCLI(_ arguments: [String], input: Data? = nil) async throws -> [String] {
        let socket = redis.socketPath ?? ""
        let finished = try await Finished.run("redis-cli", ["-s", socket] + arguments, in: folder, input: input)
        return finished.output.split(separator: "\n").map(String.init)
    }

    /// The counts of the test's queue.
    func backlog() async throws -> Backlog { try await Queue(queue, in: store).backlog() }

    /// How many jobs of the queue are done; -1 while Redis is away.
    func completed() async -> Int { (try? await backlog().totals["completed"]) ?? -1 }

    /// The first column of every row, as text.
    func texts(_ sql: String) async throws -> [String?] {
        try await session.perform { connection throws(PostgresError) in
            try connection.query(sql, within: .seconds(30)).map { $0.text(0) }
        }
    }

    /// `SELECT expression FROM penstock.TABLE` of the test's queue, and one condition more; -1 while Postgres is away.
    func count(_ table: String, _ expression: String = "count(*)", where condition: String = "true") async -> Int {
        let sql = "SELECT (\(expression))::text FROM penstock.\(table) WHERE queue = '\(queue)' AND \(condition)"
        return ((try? await texts(sql))?.first ?? nil).flatMap(Int.init) ?? -1
    }
}

/// A failure in a test, and what the processes had to say about it.
struct Breakdown: Error, CustomStringConvertible {
    let error: any Error
    let logs: [String]
    var description: String { "\(error)\n" + logs.joined(separator: "\n") }
}
