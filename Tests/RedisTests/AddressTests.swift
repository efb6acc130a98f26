import Redis
import Testing

@Suite struct AddressTests {
    @Test(
        "where the server is",
        arguments: [
            ("redis://example.org", Address.Place.tcp(host: "example.org", port: 6379), false),
            ("redis://example.org:7000/", .tcp(host: "example.org", port: 7000), false),
            ("redis://", .tcp(host: "127.0.0.1", port: 6379), false),
            ("redis://[::1]:7000", .tcp(host: "::1", port: 7000), false),
            ("rediss://example.org", .tcp(host: "example.org", port: 6379), true),
            ("unix:///run/redis.sock", .unix(path: "/run/redis.sock"), false),
            ("unix:///run/a%20b.sock", .unix(path: "/run/a b.sock"), false),
        ])
    func places(url: String, place: Address.Place, isTLS: Bool) throws {
        let address = try Address(url: url)
        #expect(address.place == place)
        #expect(address.isTLS == isTLS)
        #expect(address.user == nil && address.password == nil && address.database == 0)
    }

    @Test(
        "who logs in, and into which database",
        arguments: [
            ("redis://:secret@h", nil, "secret", 0), ("redis://user:secret@h:1/3", "user", "secret", 3),
            ("redis://us%40er:p%3Aa%2Fs%40s%25@h/1", "us@er", "p:a/s@s%", 1),
            ("unix://user:secret@/run/redis.sock?db=2", "user", "secret", 2), ("redis://h/15", nil, nil, 15),
        ])
    func logins(url: String, user: String?, password: String?, database: Int) throws {
        let address = try Address(url: url)
        #expect(address.user == user)
        #expect(address.password == password)
        #expect(address.database == database)
        #expect(!address.label.contains("secret"))
    }

    @Test func `an authority of one's own is named in the query`() throws {
        #expect(try Address(url: "rediss://h:1/2?ca=/etc/ca.pem").authority == "/etc/ca.pem")
        #expect(try Address(url: "rediss://h:1/2?ca=/etc/ca.pem").database == 2)
    }

    @Test(
        "a bad address is refused in one line that holds no password",
        arguments: [
            "", "localhost", "localhost:6379", "http://h", "redis://h:port", "redis://h/db", "redis://h/-1",
            "redis://h/1/2", "redis://h:0", "redis://h:65536", "unix://", "unix://run/redis.sock", "unix:///s?db=x",
            "unix:///" + String(repeating: "s", count: 107), "redis://user:sec/ret@h", "redis://user:12/secret@h",
            "redis://user:secret@h/x",
        ])
    func bad(url: String) throws {
        let error = #expect(throws: RedisError.self) { try Address(url: url) }
        guard case .invalidAddress(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!text.isEmpty && !text.contains("\n"))
        for secret in ["secret", "sec", "ret@"] { #expect(!text.contains(secret)) }
    }
}
