import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Penstock

/// Runs a job as an HTTP request: POST, with the payload as the body and the job's facts in `Penstock-*` fields.
///
/// An answer of 2xx completes the job, and its body is the result: JSON as JSON, other text as a JSON string, up to 1 MiB.
/// With a field `Penstock-Skip: REASON` there was nothing to do; with `Penstock-Snooze: SECONDS` the job runs again later and
/// no attempt is charged (from 1 s to a day). Every part of the body that comes is a heartbeat.
/// 429 and 503 retry when their `Retry-After` says; 408, 425, everything from 500 on, redirects (they are not followed)
/// and broken connections retry with the queue's backoff; every other 4xx buries the job.
public struct HTTPCall: Sendable {
    /// One client for all calls, which is never shut down: its connections and threads end with the process.
    private static let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        // The worker's concurrency is the limit, and the queue tries again.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4096
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    let url: URL
    let timeout: Duration

    /// - Parameters:
    ///   - url: `http` or `https`. A user and a password in it are sent as basic authorization.
    ///   - timeout: From the first byte sent to the last byte received. To connect there are 5 s of it.
    public init(url: URL, timeout: Duration = .seconds(30)) {
        self.url = url
        self.timeout = timeout
    }

    public var handler: Handler { { job in try await run(job) } }

    private func run(_ job: Job) async throws -> Output {
        try await withThrowingTaskGroup(of: Output.self) { group in
            group.addTask { try await call(job) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw HTTPCallError.timedOut(place, timeout)
            }
            defer { group.cancelAll() }
            guard let output = try await group.next() else { throw CancellationError() }
            return output
        }
    }

    private func call(_ job: Job) async throws -> Output {
        let response: HTTPClientResponse
        do {
            response = try await Self.client.execute(request(job), deadline: .distantFuture)
        } catch {
            throw HTTPCallError.unreachable(place, reason: "\(error)")
        }
        guard (200..<300).contains(response.status.code) else { throw refusal(response) }
        if let reason = response.headers.first(name: "Penstock-Skip") { throw Skip(reason) }
        if let text = response.headers.first(name: "Penstock-Snooze") {
            guard let pause = RetryAfter.pause(text, now: Date()) else { throw HTTPCallError.unreadableSnooze(place) }
            throw Snooze(after: pause)
        }
        var answer = Answer()
        do {
            for try await part in response.body {
                job.heartbeat()
                answer.append(part)
                // Leaving the loop closes the connection: an answer without end is none of ours.
                if answer.isTruncated { break }
            }
        } catch {
            throw HTTPCallError.unreachable(place, reason: "\(error)")
        }
        return answer.output
    }

    private func request(_ job: Job) -> HTTPClientRequest {
        var components = URLComponents(url: url, resolvingAgainstBaseURL: true)
        components?.user = nil
        components?.password = nil
        components?.fragment = nil
        var request = HTTPClientRequest(url: components?.string ?? url.absoluteString)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: "penstock")
        request.headers.add(name: "Content-Type", value: job.headers["content-type"]?.printable ?? "application/json")
        for field in JobFacts(job).httpFields { request.headers.add(name: field.name, value: field.value) }
        if let user = url.user(percentEncoded: false) {
            let credentials = Data("\(user):\(url.password(percentEncoded: false) ?? "")".utf8).base64EncodedString()
            request.headers.add(name: "Authorization", value: "Basic \(credentials)")
        }
        request.body = .bytes(job.payload)
        return request
    }

    /// What to throw for an answer that is none.
    private func refusal(_ response: HTTPClientResponse) -> any Error {
        let code = Int(response.status.code)
        let error = HTTPCallError.status(code, place)
        switch code {
        case 429, 503:
            let now = response.headers.first(name: "Date").flatMap(RetryAfter.date) ?? Date()
            guard let pause = response.headers.first(name: "Retry-After").flatMap({ RetryAfter.pause($0, now: now) })
            else { return error }
            return Retry(after: pause, reason: error.description)
        case 408, 425: return error
        case 400..<500: return Bury(HTTPCallError.refused(code, place).description)
        default: return error
        }
    }

    /// The URL as it may stand in an error: without credentials and query.
    private var place: String {
        var components = URLComponents()
        components.scheme = url.scheme
        components.host = url.host(percentEncoded: false)
        components.port = url.port
        components.path = url.path(percentEncoded: false)
        return components.string ?? "the URL"
    }
}
