import Logging
import NIOCore
import Penstock
import Servers
import ServiceLifecycle
import Support
import Synchronization
import Testing

@testable import Receiver

/// Without what these tests are about a connection stays open for ever, or for the 30 s of the idle timeout.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private var nowhere: String { "unix://\(temporaryDirectory())/none.sock" }

    @Test(
        "Garbage is answered with 400 and the connection's end, and harms nobody else",
        arguments: [
            "\r\n\r\n\r\nhello\r\n\r\n", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}garbage as of TLS\r\n\r\n", "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nbad header\r\n\r\n", "*1\r\n$4\r\nPING\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: nonsense, x\r\n\r\n",
            "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 200_000) + "\r\n\r\n", "\u{0}\u{0}\u{0}\u{0}",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            let replies = try await venue.wire.exchange([ByteBuffer(string: text)], until: .closed)
            #expect(replies.allSatisfy { (400..<500).contains($0.status) })
            #expect(replies.allSatisfy { $0.headers["content-type"] == "application/problem+json" })
            #expect(replies.allSatisfy { $0.headers["connection"] == "close" })
            #expect(try await venue.wire.ask("GET", "/healthz").status == 200)
        }
    }

    @Test("Chunks that are framed wrongly are the sender's mistake")
    func badChunk() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            let text =
                "POST /webhooks/github HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            let replies = try await venue.wire.exchange([ByteBuffer(string: text)], until: .closed)
            #expect(replies.map(\.status) == [400])
        }
    }

    @Test("An endless body is refused at the cap and its connection closed, while others are served")
    func endless() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            let chunk = ByteBuffer(string: "100000\r\n" + String(repeating: "1", count: 1 << 20) + "\r\n")
            let head = ByteBuffer(
                string:
                    "POST /webhooks/github HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            let start = ContinuousClock.now
            let replies = try await venue.wire.exchange([head] + Array(repeating: chunk, count: 4000), until: .closed)
            #expect(ContinuousClock.now - start < .seconds(25))
            #expect(replies.map(\.status) == [413])
            #expect(replies.first?.headers["connection"] == "close")
            #expect(try await venue.wire.ask("GET", "/healthz").status == 200)
        }
    }

    @Test("A body that trickles is given up after its time, with an answer")
    func trickle() async throws {
        var limits = Limits()
        limits.body = .milliseconds(200)
        try await Venue.open(Venue.Plan(url: nowhere, limits: limits)) { venue in
            let head = ByteBuffer(
                string:
                    "POST /webhooks/github HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n12")
            let replies = try await venue.wire.exchange([head], until: .closed)
            #expect(replies.map(\.status) == [408])
        }
    }

    @Test(
        "A connection on which nothing comes is closed",
        arguments: [
            "", "GET /healthz HT",
            "POST /webhooks/github HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n1",
        ])
    func idle(text: String) async throws {
        var limits = Limits()
        limits.idle = .milliseconds(200)
        try await Venue.open(Venue.Plan(url: nowhere, limits: limits)) { venue in
            let replies = try await venue.wire.exchange([ByteBuffer(string: text)], until: .closed)
            #expect(replies.isEmpty)
        }
    }

    @Test("Requests that are sent at once are answered in order on one connection")
    func pipelining() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            let parts =
                Wire.request("GET", "/healthz") + Wire.request("POST", "/nowhere", body: ByteBuffer(string: "{}"))
                + Wire.request("GET", "/healthz")
            var all = ByteBuffer()
            for part in parts { all.writeImmutableBuffer(part) }
            let replies = try await venue.wire.exchange([all], until: .replies(3))
            #expect(replies.map(\.status) == [200, 404, 200])
        }
    }

    @Test("Bodies that together take too much memory are refused, small ones are not, and what was taken is given back")
    func budget() async throws {
        try await Venue.open(Venue.Plan(url: nowhere, budget: Budget(limit: 100_000))) {
            (venue: Venue) async throws -> Void in
            func status(_ bytes: Int) async throws -> Int {
                try await venue.deliver(
                    ByteBuffer(repeating: UInt8(ascii: "1"), count: bytes), delivery: "d",
                    changes: ["X-Hub-Signature-256": nil]
                ).status
            }
            for _ in 0..<3 {
                #expect(try await status(150_000) == 401)
                #expect(try await status(200_000) == 503)
            }
            let held = Budget(limit: 100_000)
            let share = Budget.Share(of: held)
            #expect(share.reserve(165_536))
            #expect(!Budget.Share(of: held).reserve(65_537))
            #expect(Budget.Share(of: held).reserve(65_536))
        }
    }

    @Test("A sender that asks before it sends a body is told to go on")
    func expectContinue() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { (venue: Venue) async throws -> Void in
            let parts = Wire.request(
                "POST", "/webhooks/github", [("Content-Type", "application/json"), ("Expect", "100-continue")],
                body: ByteBuffer(string: "{}"))
            #expect(try await venue.wire.exchange([parts[0]], until: .word).map(\.status) == [100])
            #expect(try await venue.wire.exchange(parts, until: .replies(1)).map(\.status) == [100, 401])
        }
    }

    @Test(
        "Every method on every path has an answer, and it is a problem where it is no success",
        arguments: [
            "/", "/nowhere", "/webhooks/github", "/webhooks/none", "/v1/queues", "/v1/queues/q/jobs", "/healthz",
            "/metrics",
        ])
    func methods(path: String) async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            for method in ["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "TRACE", "BREW", "POST"] {
                let reply = try await venue.wire.ask(method, path)
                #expect(reply.status < 500)
                if reply.status >= 400 {
                    #expect(reply.headers["content-type"] == "application/problem+json")
                    if method != "HEAD" {
                        #expect(try RawJSON(reply.body).value(at: ["status"])?.integer == reply.status)
                    }
                }
                if reply.status == 405 { #expect(reply.headers["allow"] != nil) }
            }
        }
    }

    @Test("A HEAD is answered like a GET, without the body")
    func head() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            var both = Wire.request("HEAD", "/healthz")[0]
            both.writeImmutableBuffer(Wire.request("GET", "/healthz")[0])
            let replies = try await venue.wire.exchange([both], until: .replies(2), isHead: true)
            #expect(replies.map(\.status) == [200, 200])
            #expect(replies.map { $0.headers["content-length"] } == ["11", "11"])
        }
    }

    @Test("Without the receiver role only the operators' door is there")
    func operationsOnly() async throws {
        try await Venue.open(Venue.Plan(url: nowhere, hasReceiver: false)) { (venue: Venue) async throws -> Void in
            for path in ["/healthz", "/readyz", "/metrics"] {
                #expect(try await venue.wire.ask("GET", path).status == 200)
            }
            #expect(try await venue.deliver("{}", delivery: "d").status == 404)
            #expect(try await venue.enqueue(#"{"type":"t"}"#).status == 404)
            #expect(try await venue.api("GET", "/v1/queues").status == 404)
        }
    }

    @Test("An address that is taken is named")
    func taken() async throws {
        try await Venue.open(Venue.Plan(url: nowhere)) { venue in
            let logger = Logger.silent
            let site = Site(operations: Operations(store: venue.store, logger: logger))
            let second = Listener(site: site, host: "127.0.0.1", port: venue.wire.port, logger: logger)
            let error = await #expect(throws: ReceiverError.self) { try await second.run() }
            #expect(error == .cannotListen("127.0.0.1:\(venue.wire.port)", reason: "the address is in use"))
        }
    }

    @Test("A body that does not come holds no shutdown up")
    func shutdownWithoutBody() async throws {
        var limits = Limits()
        limits.farewell = .milliseconds(100)
        var client: Task<[Int], any Error>?
        let clock = ContinuousClock()
        let start = clock.now
        try await Venue.open(Venue.Plan(url: nowhere, limits: limits)) { venue in
            // The server has seen the request when it permits the body.
            let parts = Wire.request(
                "POST", "/webhooks/github", [("Content-Type", "application/json"), ("Expect", "100-continue")])
            let head = ByteBuffer(
                string: String(buffer: parts[0]).replacing("Content-Length: 0", with: "Content-Length: 9"))
            let permitted = AsyncStream<Void>.makeStream()
            let wire = venue.wire
            client = Task {
                try await wire.exchange([head], until: .closed) { permitted.continuation.yield() }.map(\.status)
            }
            for await _ in permitted.stream { break }
        }
        #expect(try await client?.value == [100, 408])
        #expect(clock.now - start < .seconds(20))
    }

    @Test("A graceful shutdown lets the request in flight finish")
    func shutdown() async throws {
        let logger = Logger.silent
        let store = try Store(url: nowhere, logger: logger)
        let asked = AsyncStream<Void>.makeStream()
        let release = AsyncStream<Void>.makeStream()
        let slow = ReadinessCheck("slow") {
            asked.continuation.yield()
            for await _ in release.stream { break }
            return nil
        }
        let ports = AsyncStream<Int>.makeStream()
        let listener = Listener(
            site: Site(operations: Operations(store: store, readiness: [slow], logger: logger)), host: "127.0.0.1",
            port: 0, logger: logger
        ) { ports.continuation.yield($0) }
        let services = ServiceGroup(configuration: .init(services: [listener], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var port = 0
            for await bound in ports.stream {
                port = bound
                break
            }
            let wire = Wire(port: port)
            async let reply = wire.ask("GET", "/readyz")
            for await _ in asked.stream { break }
            await services.triggerGracefulShutdown()
            release.continuation.yield()
            #expect(try await reply.status == 200)
            try await group.waitForAll()
        }
        await store.shutdown()
    }
}
