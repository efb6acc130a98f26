import ArgumentParser
import Foundation
import Servers

/// `penstock dev`: `run` with servers of its own, where the environment names none.
struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs all roles with a private redis-server and Postgres under .penstock/.",
        discussion: "A server that REDIS_URL or DATABASE_URL names is used instead of a private one.")

    /// Where the private servers live, below the folder that this is started in.
    private static let folder = ".penstock"

    @OptionGroup var options: RunOptions

    func run() async throws {
        var options = options
        let environment = Environment.settings
        var redis: RedisServer?
        var postgres: PostgresServer?
        if options.redis.url == nil, environment["REDIS_URL"] == nil {
            let server = RedisServer(directory: "\(Self.folder)/redis")
            options.redis.url = server.url
            redis = server
        }
        if options.database.url == nil, environment["DATABASE_URL"] == nil {
            let server = PostgresServer(directory: "\(Self.folder)/postgres")
            options.database.url = server.url
            postgres = server
        }
        // Mistakes are told before anything is started.
        let settings = try Settings(options, environment: Environment.current)
        defer {
            redis?.stop()
            postgres?.stop()
        }
        if let redis {
            try redis.start()
            try announce("redis", redis.url)
        }
        if let postgres {
            try postgres.start()
            try announce("postgres", postgres.url)
        }
        let assembly = try Assembly(settings, logger: options.log.start()) { address in
            try? Terminal.write(["http      http://\(address)"])
        }
        try await assembly.run()
    }

    /// Tells where a private server is: people here, scripts by a file in its folder.
    private func announce(_ name: String, _ url: String) throws(Failure) {
        let file = "\(Self.folder)/\(name)/url"
        do {
            try Data("\(url)\n".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .failed("the file \(file) cannot be written (\(FileReason.text(error))); make the folder writable")
        }
        try Terminal.write(["\(name.padding(toLength: 10, withPad: " ", startingAt: 0))\(url)"])
    }
}
