import Foundation
import Servers
import Support
import Testing

@Suite struct ServerTests {
    @Test func `a killed redis-server comes back with its data`() throws {
        let server = try RedisServer.started()
        let path = try #require(server.socketPath)
        #expect(try run("redis-cli", "-s", path, "SET", "a", "1") == "OK")
        let first = server.pid
        server.kill()
        #expect(server.pid == nil)
        try server.start()
        #expect(server.pid != first)
        #expect(try run("redis-cli", "-s", path, "GET", "a") == "1")
        server.stop()
        #expect(server.pid == nil)
    }

    @Test func `a killed Postgres comes back with its data`() throws {
        let server = try PostgresServer.started()
        _ = try run("psql", "-qc", "CREATE TABLE t AS SELECT 7 AS a", server.url)
        server.kill()
        #expect(server.pid == nil)
        try server.start()
        #expect(try run("psql", "-Atc", "SELECT a FROM t", server.url) == "7")
        server.stop()
        #expect(server.pid == nil)
        try server.start()
        #expect(try run("psql", "-Atc", "SELECT a FROM t", server.url) == "7")
    }

    @Test func `a second redis-server in the same folder is refused`() throws {
        let directory = "\(temporaryDirectory())/redis"
        let server = RedisServer(directory: directory)
        try server.start()
        #expect(throws: ServerError.taken(program: "redis-server", address: server.url, pid: "\(server.pid ?? 0)")) {
            try RedisServer(directory: directory).start()
        }
    }

    @Test func `a server that cannot start says what its log says`() throws {
        let server = RedisServer(directory: "\(temporaryDirectory())/redis", extra: ["--no-such-option", "1"])
        let error = #expect(throws: ServerError.self) { try server.start() }
        #expect(error?.description.contains("no-such-option") == true)
    }

    @Test func `a suspended Postgres answers nothing and goes on after it is resumed`() throws {
        let server = try PostgresServer.started()
        server.suspend()
        #expect(throws: Failure.self) {
            try run("timeout", "-s", "KILL", "0.3", "psql", "-Atc", "SELECT 1", server.url)
        }
        server.resume()
        #expect(try run("psql", "-Atc", "SELECT 1", server.url) == "1")
    }

    @Test func `Postgres serves from under a folder that is closed to others`() throws {
        let closed = "\(temporaryDirectory())/closed"
        try FileManager.default.createDirectory(
            atPath: closed, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let server = PostgresServer(directory: "\(closed)/postgres", durable: false)
        try server.start()
        #expect(try run("psql", "-Atc", "SELECT 1", server.url) == "1")
        let said = try String(contentsOfFile: "\(closed)/postgres/url", encoding: .utf8)
        #expect(said == "\(server.url)\n")
    }

    @Test func `a folder whose path is too long for a socket gets one elsewhere`() throws {
        let long = "\(temporaryDirectory())/\(String(repeating: "long", count: 30))"
        let server = RedisServer(directory: long)
        try server.start()
        let path = try #require(server.socketPath)
        #expect(path.utf8.count <= 107)
        #expect(try run("redis-cli", "-s", path, "PING") == "PONG")
        server.stop()
        try FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
    }
}

private struct Failure: Error {
    let output: String
}

/// What the program prints, without the last line's end.
private func run(_ program: String...) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = program
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(output: output) }
    return output.trimmingCharacters(in: .newlines)
}
