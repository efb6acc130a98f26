import Redis
import Testing

@Suite struct LoginTests {
    @Test func `a password alone logs in, a wrong one or none is told`() async throws {
        let site = try Site()
        _ = try await site.client().send(Command("CONFIG", "SET", "requirepass", "s3/cr@t"))
        var address = site.address
        address.password = "s3/cr@t"
        #expect(try await site.client(address).send(Command("PING")).string == "PONG")
        address.password = "wrong"
        try await expectRefused(site.client(address), "WRONGPASS")
        address.password = nil
        try await expectRefused(site.client(address), "NOAUTH")
    }

    @Test func `a user logs in with a name`() async throws {
        let site = try Site()
        _ = try await site.client().send(Command("ACL", "SETUSER", "alice", "on", ">secret", "~*", "+@all"))
        var address = site.address
        (address.user, address.password) = ("alice", "secret")
        #expect(try await site.client(address).send(Command("ACL", "WHOAMI")).string == "alice")
        address.user = "bob"
        try await expectRefused(site.client(address), "WRONGPASS")
    }

    @Test func `a user who may not ping is connected all the same`() async throws {
        let site = try Site()
        _ = try await site.client().send(Command("ACL", "SETUSER", "alice", "on", ">secret", "~*", "+get"))
        var address = site.address
        (address.user, address.password) = ("alice", "secret")
        #expect(try await site.client(address).send(Command("GET", "a")) == .null)
    }

    @Test func `each database has keys of its own`() async throws {
        let site = try Site()
        var address = site.address
        address.database = 3
        let third = site.client(address)
        _ = try await third.send(Command("SET", "a", "three"))
        #expect(try await site.client().send(Command("GET", "a")) == .null)
        #expect(try await third.send(Command("GET", "a")).string == "three")
        _ = try? await third.send(Command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
        var value: Reply?
        try await eventually {
            await failure { value = try await third.send(Command("GET", "a"), waits: true) } == nil
        }
        #expect(value?.string == "three")
        address.database = 99
        try await expectRefused(site.client(address), "ERR")
    }

    @Test func `one client too many is told so, and let in when another has left`() async throws {
        let site = try Site()
        let first = try await site.connection()
        _ = try await first.send(Command("CONFIG", "SET", "maxclients", "1"))
        let second = site.client()
        #expect(await failure { _ = try await second.send(Command("PING")) } != nil)
        _ = try await first.send(Command("CONFIG", "SET", "maxclients", "100"))
        #expect(try await second.send(Command("PING"), waits: true).string == "PONG")
    }

    /// The refusal is known at once, names no password, and is not waited out.
    private func expectRefused(_ client: Client, _ code: String) async throws {
        let error = await failure { try await client.connect(within: .seconds(20)) }
        guard case .server(code, let message) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!message.contains("secret") && !message.contains("s3/cr@t"))
        await client.shutdown()
    }
}
