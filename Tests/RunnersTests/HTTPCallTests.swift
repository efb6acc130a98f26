import Foundation
import NIOCore
import Penstock
import Testing

@testable import Runners

@Suite struct HTTPCallTests {
    private func call(
        _ reply: TestServer.Reply, timeout: Duration = .seconds(20), _ job: Job = .sample()
    ) async throws -> Output {
        try await TestServer.with(reply) { server in
            try await HTTPCall(url: #require(URL(string: server.url)), timeout: timeout).handler(job)
        }
    }

    @Test func `the payload is the body of a POST and the facts are its fields`() async throws {
        let job = Job.sample(
            "{\"a\":1}", key: "octo\r\nX-Evil: 1", source: "github",
            headers: ["content-type": "application/cloudevents+json", "x-github-event": "push"])
        try await TestServer.with(.answer(204)) { server in
            let url = try #require(URL(string: "\(server.url)?token=1#top"))
            #expect(try await HTTPCall(url: url).handler(job) == .none)
            let request = try #require(server.requests.first)
            #expect(request.head.method == .POST && request.head.uri == "/run?token=1")
            #expect(String(buffer: request.body) == "{\"a\":1}")
            let fields = [
                "Content-Type": "application/cloudevents+json", "Penstock-Job-Id": "job-1",
                "Penstock-Queue": "github", "Penstock-Type": "sample", "Penstock-Priority": "high",
                "Penstock-Key": "octoX-Evil: 1", "Penstock-Attempt": "2", "Penstock-Max-Attempts": "7",
                "Penstock-Enqueued-At": "2023-11-14T22:13:20.250Z", "Penstock-Source": "github",
                "Penstock-Headers": #"{"content-type":"application/cloudevents+json","x-github-event":"push"}"#,
            ]
            for (name, value) in fields { #expect(request.head.headers[name] == [value]) }
            #expect(request.head.headers["X-Evil"].isEmpty)
        }
    }

    @Test func `without another word the payload is JSON, and facts that the job lacks are not sent`() async throws {
        try await TestServer.with(.answer(200)) { server in
            _ = try await HTTPCall(url: #require(URL(string: server.url))).handler(.sample())
            let headers = try #require(server.requests.first).head.headers
            #expect(headers["Content-Type"] == ["application/json"])
            #expect(headers["Penstock-Key"].isEmpty && headers["Penstock-Source"].isEmpty)
            #expect(headers["Authorization"].isEmpty)
        }
    }

    @Test func `credentials of the URL are sent as basic authorization`() async throws {
        try await TestServer.with(.answer(200)) { server in
            let url = server.url.replacing("//", with: "//user:pa%20ss@")
            _ = try await HTTPCall(url: #require(URL(string: url))).handler(.sample())
            let expected = Data("user:pa ss".utf8).base64EncodedString()
            #expect(server.requests.first?.head.headers["Authorization"] == ["Basic \(expected)"])
        }
    }

    @Test(arguments: [
        (200, #"{"ok":true}"#, #"{"ok":true}"#), (201, " [1] ", "[1]"), (202, "accepted", #""accepted""#),
        (200, "", nil),
    ])
    func `the body of a 2xx is the result`(status: Int, body: String, result: String?) async throws {
        #expect(try await call(.answer(status, body: body)).text == result)
    }

    @Test(arguments: [TestServer.Reply.endless, .answer(200, body: String(repeating: "x", count: 5 << 20))])
    func `an answer beyond the limit is cut, and the result says so`(reply: TestServer.Reply) async throws {
        let result = try #require(try await call(reply).value() as? [String: Any])
        #expect(result["truncated"] as? Bool == true)
        let kept = try #require(result["output"] as? String)
        #expect(kept.utf8.count > 1_000_000 && kept.utf8.count <= 1 << 20)
    }

    @Test func `an endless answer does not keep its connection`() async throws {
        try await TestServer.with(.endless) { server in
            _ = try await HTTPCall(url: #require(URL(string: server.url))).handler(.sample())
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test(arguments: [400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
    func `a 4xx that a retry cannot change buries`(status: Int) async throws {
        let bury = try await #require(throws: Bury.self) { try await call(.answer(status, body: "sesame")) }
        #expect(bury.reason.contains(" answered \(status)") && !bury.reason.contains("sesame"))
    }

    @Test(arguments: [301, 302, 303, 307, 308, 408, 425, 429, 500, 501, 502, 503, 504, 599])
    func `what may pass retries with the queue's backoff`(status: Int) async throws {
        let fields = [("Location", "http://127.0.0.1:1/"), ("Retry-After", "soon")]
        let error = try await #require(throws: HTTPCallError.self) { try await call(.answer(status, fields)) }
        #expect("\(error)".contains(" answered \(status)"))
    }

    @Test(arguments: [429, 503])
    func `Retry-After is honoured`(status: Int) async throws {
        let retry = try await #require(throws: Retry.self) { try await call(.answer(status, [("Retry-After", "120")])) }
        #expect(retry.after == .seconds(120) && retry.reason.contains(" answered \(status)"))
    }

    @Test func `Retry-After as a date counts from the server's own clock`() async throws {
        let fields = [
            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"),
        ]
        let retry = try await #require(throws: Retry.self) { try await call(.answer(503, fields)) }
        #expect(retry.after == .seconds(30))
    }

    @Test func `an answer can say that there was nothing to do, or that it is too early`() async throws {
        let skip = try await #require(throws: Skip.self) { try await call(.answer(204, [("Penstock-Skip", "merged")])) }
        #expect(skip.reason == "merged")
        let snooze = try await #require(throws: Snooze.self) {
            try await call(.answer(202, [("Penstock-Snooze", "30")]))
        }
        #expect(snooze.after == .seconds(30))
        await #expect(throws: Bury.self) { try await call(.answer(404, [("Penstock-Skip", "merged")])) }
        // What cannot be read is no success.
        await #expect(throws: HTTPCallError.self) { try await call(.answer(202, [("Penstock-Snooze", "soon")])) }
    }

    @Test(arguments: [TestServer.Reply.silence, .stuck])
    func `a server that does not finish in time is an error`(reply: TestServer.Reply) async throws {
        let error = try await #require(throws: HTTPCallError.self) {
            try await call(reply, timeout: .milliseconds(200))
        }
        guard case .timedOut = error else { throw error }
    }

    @Test(arguments: [TestServer.Reply.silence, .stuck])
    func `stopping the job closes the connection`(reply: TestServer.Reply) async throws {
        try await TestServer.with(reply) { server in
            let handler = try HTTPCall(url: #require(URL(string: server.url))).handler
            let task = Task { try await handler(.sample()) }
            try await eventually { server.requests.count == 1 }
            #expect(server.openConnections == 1)
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test func `an answer that breaks off retries`() async throws {
        await #expect(throws: HTTPCallError.self) { try await call(.broken) }
    }

    @Test(arguments: ["http://u:sesame@127.0.0.1:1/run?token=sesame#sesame", "ftp://u:sesame@127.0.0.1/run?sesame"])
    func `errors name the URL without credentials and query`(url: String) async throws {
        let call = try HTTPCall(url: #require(URL(string: url)))
        let error = try await #require(throws: HTTPCallError.self) { try await call.handler(.sample()) }
        #expect("\(error)".contains("127.0.0.1") && "\(error)".contains("/run") && !"\(error)".contains("sesame"))
    }

    @Test func `more calls run at a time than a client allows by default`() async throws {
        try await TestServer.with(.silence) { server in
            let handler = try HTTPCall(url: #require(URL(string: server.url))).handler
            let tasks = (0..<32).map { _ in Task { try await handler(.sample()) } }
            try await eventually { server.openConnections == 32 }
            for task in tasks { task.cancel() }
            for task in tasks { _ = await task.result }
        }
    }
}
