import Foundation
import Redis
import Servers
import Support
import Testing

/// `rediss://`, against a redis-server with a certificate made for the test.
@Suite struct EncryptionTests {
    @Test func `an encrypted connection to a server whose authority is trusted`() async throws {
        let site = try SecureSite()
        let client = site.client("rediss://127.0.0.1:\(site.port)/?ca=\(site.folder)/cert.pem")
        let payload = String(repeating: "secret", count: 100_000)
        _ = try await client.send(Command("SET", "a", payload))
        #expect(try await client.send(Command("GET", "a")).string == payload)
        let byName = site.client("rediss://localhost:\(site.port)/2?ca=\(site.folder)/cert.pem")
        #expect(try await byName.send(Command("GET", "a")) == .null)
        await client.shutdown()
        await byName.shutdown()
    }

    @Test func `a certificate of a stranger is refused`() async throws {
        let site = try SecureSite()
        let client = site.client("rediss://127.0.0.1:\(site.port)")
        let error = await failure { _ = try await client.send(Command("SET", "a", "1")) }
        #expect(error != nil)
        #expect(await failure { try await client.connect(within: .milliseconds(300)) } != nil)
        await client.shutdown()
    }

    @Test func `no plain connection is taken for an encrypted one, nor the other way round`() async throws {
        let site = try SecureSite()
        let plain = site.client("redis://127.0.0.1:\(site.port)")
        #expect(await failure { try await plain.connect(within: .milliseconds(300)) } != nil)
        await plain.shutdown()
        let (other, _) = try start { RedisServer(directory: "\(temporaryDirectory())/redis", port: $0) }
        let secure = site.client(other.url.replacing("redis://", with: "rediss://"))
        #expect(await failure { try await secure.connect(within: .milliseconds(300)) } != nil)
        await secure.shutdown()
        other.stop()
    }
}

/// A redis-server that listens on an encrypted port of 127.0.0.1, beside its unix socket.
private struct SecureSite {
    let folder: String
    let port: Int
    let server: RedisServer

    init() throws {
        folder = temporaryDirectory()
        try Self.makeCertificate(in: folder)
        (server, port) = try start { [folder] port in
            RedisServer(
                directory: "\(folder)/redis",
                extra: [
                    "--bind", "127.0.0.1", "--tls-port", String(port), "--tls-cert-file", "\(folder)/cert.pem",
                    "--tls-key-file", "\(folder)/key.pem", "--tls-ca-cert-file", "\(folder)/cert.pem",
                    "--tls-auth-clients", "no",
                ])
        }
    }

    func client(_ url: String) -> Client {
        do {
            return Client(address: try Address(url: url), eventLoop: Site.loop, logger: Site.quiet)
        } catch {
            fatalError("\(error)")
        }
    }

    /// A certificate signed by itself, for 127.0.0.1 and localhost.
    private static func makeCertificate(in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", "\(folder)/key.pem", "-out",
            "\(folder)/cert.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

/// Starts a server on a port below those that the system gives away; a port that is taken makes it try another.
private func start(_ make: (_ port: Int) -> RedisServer) throws -> (RedisServer, Int) {
    for attempt in 1... {
        let port = Int.random(in: 20_000..<30_000)
        let server = make(port)
        do {
            try server.start()
            return (server, port)
        } catch {
            if attempt == 10 { throw error }
        }
    }
    fatalError("the loop ends by return or throw")
}
