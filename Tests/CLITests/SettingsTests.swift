import Foundation
import Support
import Testing

@testable import CLI

@Suite struct SettingsTests {
    private func settings(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> Settings {
        try Settings(try RunOptions.parse(arguments), environment: environment)
    }

    private func lines(_ arguments: [String] = [], _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try settings(arguments, environment)
            return []
        } catch {
            return (error as? Failure)?.lines ?? ["\(error)"]
        }
    }

    @Test func `without flags, environment and file everything has its default`() throws {
        let settings = try settings()
        #expect(settings.roles == [.receiver, .worker, .scheduler])
        #expect(settings.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(settings.queues == ["github"])
        #expect(settings.concurrency == 10)
        #expect(settings.grace == .seconds(25))
        #expect(settings.redisURL == "redis://127.0.0.1:6379")
        #expect(settings.databaseURL == nil)
        #expect(
            settings.warnings.contains(
                "nothing is recorded: the role sink needs Postgres; set DATABASE_URL or --database-url"))
    }

    @Test func `flags win over the environment, and the environment over the file`() throws {
        let folder = temporaryDirectory()
        let file = "\(folder)/p.yaml"
        try "queues: { a: , b: }\napi: { keys: [env:FILE_KEY] }\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let environment = [
            "PENSTOCK_CONFIG": file, "FILE_KEY": "f", "PENSTOCK_API_KEY": "e", "REDIS_URL": "redis://e",
            "DATABASE_URL": "postgres://e/x", "PENSTOCK_LISTEN": "127.0.0.1:1",
        ]
        let fromEnvironment = try settings([], environment)
        #expect(fromEnvironment.queues == ["a", "b"])
        #expect(fromEnvironment.redisURL == "redis://e")
        #expect(fromEnvironment.databaseURL == "postgres://e/x")
        #expect(fromEnvironment.listen == ListenAddress(host: "127.0.0.1", port: 1))
        #expect(fromEnvironment.roles == Set(Role.allCases))
        // The variable is what counts when the file says nothing.
        #expect(fromEnvironment.apiKeys == ["f"])
        let fromFlags = try settings(
            [
                "--queues", "b,c,b", "--redis-url", "redis://f", "--database-url", "postgres://f/x", "--listen",
                "[::1]:2",
                "--role", "worker,sink", "--concurrency", "3", "--grace", "500ms",
            ], environment)
        #expect(fromFlags.queues == ["b", "c"])
        #expect(fromFlags.redisURL == "redis://f")
        #expect(fromFlags.databaseURL == "postgres://f/x")
        #expect(fromFlags.listen == ListenAddress(host: "::1", port: 2))
        #expect(fromFlags.roles == [.worker, .sink])
        #expect(fromFlags.concurrency == 3)
        #expect(fromFlags.grace == .milliseconds(500))
    }

    @Test func `an empty variable counts as unset`() throws {
        let settings = try settings(
            [],
            ["PENSTOCK_CONFIG": "", "REDIS_URL": "", "DATABASE_URL": "", "PENSTOCK_LISTEN": "", "PENSTOCK_API_KEY": ""])
        #expect(settings.redisURL == "redis://127.0.0.1:6379")
        #expect(settings.databaseURL == nil)
        #expect(settings.apiKeys.isEmpty)
    }

    @Test func `a process without the receiver opens a port only when it is told to`() throws {
        #expect(try settings(["--role", "worker,scheduler"]).listen == nil)
        #expect(
            try settings(["--role", "worker"], ["PENSTOCK_LISTEN": "0.0.0.0:9"]).listen
                == ListenAddress(host: "0.0.0.0", port: 9))
    }

    @Test(arguments: [
        ("127.0.0.1:8080", true), ("127.255.3.4:80", true), ("[::1]:80", true), ("localhost:80", true),
        ("0.0.0.0:80", false), (":80", false), ("[::]:80", false), ("10.0.0.1:80", false), ("[::2]:80", false),
        ("127.0.0.1.example.com:80", false), ("example.com:80", false), ("[::ffff:10.0.0.1]:80", false),
    ])
    func `without an API key a receiver listens on loopback addresses only`(address: String, isAllowed: Bool) throws {
        #expect(lines(["--listen", address]).isEmpty == isAllowed)
        #expect(lines(["--listen", address], ["PENSTOCK_API_KEY": "k"]).isEmpty)
        #expect(lines(["--listen", address, "--role", "worker"]).isEmpty)
    }

    @Test(arguments: ["8080", "host", "host:", "host:x", "host:65536", "::1:80", ""])
    func `what is no address is refused`(text: String) {
        #expect(throws: OptionFault.self) { try ListenAddress(text) }
    }

    @Test func `all mistakes are told at once`() {
        let lines = lines(
            ["--role", "sink", "--redis-url", "http://x", "--config", "/no/such.yaml"], ["PENSTOCK_LISTEN": "x"])
        #expect(lines.count == 4)
    }

    @Test func `a worker's secrets may be missing, a receiver's may not`() throws {
        let file = "\(temporaryDirectory())/p.yaml"
        try "sources: { github: { scheme: github, secrets: [env:NOT_THERE] } }\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        #expect(lines(["--config", file, "--role", "worker"]).isEmpty)
        #expect(
            lines(["--config", file, "--role", "receiver"]) == [
                "\(file):1: sources.github.secrets[0]: the environment variable NOT_THERE is not set; set it to the secret"
            ])
    }
}
