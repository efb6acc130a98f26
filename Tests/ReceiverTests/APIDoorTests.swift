import NIOCore
import Penstock
import Servers
import Support
import Testing

@testable import Receiver

/// What holds for every endpoint of the API alike.
@Suite struct APIDoorTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }

    private func open(
        keys: [String] = [Venue.key], url: String? = nil, _ body: (Venue) async throws -> Void
    ) async throws {
        try await Venue.open(Venue.Plan(url: try url ?? Self.redis.get().url, keys: keys), body)
    }

    @Test("Nothing of the API is served without a key", arguments: [nil, "", "wrong", "an-api-ke", "an-api-keyy"])
    func locked(key: String?) async throws {
        try await open { venue in
            for ask in Ask.all {
                let reply = try await venue.api(ask.method, ask.path, body: ask.body, key: key)
                #expect(reply.status == 401, "\(ask)")
                #expect(reply.headers["www-authenticate"] == "Bearer")
            }
            #expect(try await Queue("q", in: venue.store).backlog().totals["accepted"] == 0)
        }
    }

    @Test("Without keys nothing of the API is for web pages")
    func pages() async throws {
        try await open(keys: []) { venue in
            for ask in Ask.all {
                let page = try await venue.api(
                    ask.method, ask.path, body: ask.body, key: nil, more: [("Origin", "http://evil.example")])
                #expect(page.status == 403, "\(ask)")
            }
        }
    }

    @Test("A method that is not served is 405, and the answer says which are", arguments: Endpoint.allCases)
    func methods(endpoint: Endpoint) async throws {
        try await open { venue in
            let ask = Ask(endpoint, .delete)
            for method in ["DELETE", "PUT", "GET", "POST", "PATCH", "OPTIONS"]
            where !endpoint.methods.contains(where: { $0.rawValue == method }) {
                let path = ask.path.replacing("{source}", with: "github")
                let reply = try await venue.api(method, path, key: nil)
                #expect(reply.status == 405, "\(method) \(path)")
                #expect(reply.headers["allow"] == endpoint.methods.map(\.rawValue).joined(separator: ", "))
                #expect(reply.headers["content-type"] == "application/problem+json")
            }
        }
    }

    @Test("With Redis away everything that needs it is 503, says when to come again, and tells nothing of the server")
    func away() async throws {
        try await open(url: "unix://\(temporaryDirectory())/none.sock") { venue in
            for ask in Ask.all where ask.method != "HEAD" {
                let reply = try await venue.api(ask.method, ask.path, body: ask.body)
                #expect(reply.status == 503, "\(ask)")
                #expect(reply.headers["retry-after"].flatMap { Int($0) } != nil, "\(ask)")
                #expect(reply.headers["content-type"] == "application/problem+json")
                #expect(!reply.text.contains("none.sock"), "\(ask)")
            }
        }
    }

    @Test("A queue that cannot be is 400 everywhere")
    func names() async throws {
        try await open { (venue: Venue) async throws -> Void in
            for endpoint in Endpoint.allCases where endpoint.rawValue.contains("{queue}") {
                for method in endpoint.methods where method != .head {
                    let ask = Ask(endpoint, method, queue: "a%20b")
                    #expect(try await venue.api(ask.method, ask.path, body: ask.body).status == 400, "\(ask)")
                }
            }
        }
    }

    @Test("A field that nobody knows is 400 in every body, and a body over 64 KiB is 413 where no jobs come in")
    func bodies() async throws {
        try await open { venue in
            let large = #"{"x":"\#(String(repeating: "x", count: 65_536))"}"#
            for ask in Ask.all where ask.method != "GET" && ask.method != "HEAD" {
                let reply = try await venue.api(ask.method, ask.path, body: #"{"nobody":1}"#)
                #expect(reply.status == 400, "\(ask)")
                #expect(reply["detail"]?.string?.contains("nobody") == true)
                if ask.endpoint != .jobs {
                    #expect(try await venue.api(ask.method, ask.path, body: large).status == 413, "\(ask)")
                }
            }
        }
    }
}
