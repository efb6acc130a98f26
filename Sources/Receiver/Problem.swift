import Hummingbird
import JSON
import NIOCore
import Penstock

/// An answer that says no, as `application/problem+json` (RFC 9457). `detail` is read by whoever sent the request: it has
/// fact, value and remedy, and never an internal address, a payload or a credential.
package struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    var detail: String
    var headers: HTTPFields = [:]
    /// Further members of the object.
    var more: [(name: String, value: JSONText)] = []

    init(
        _ status: HTTPResponse.Status, _ detail: String, headers: HTTPFields = [:],
        more: [(name: String, value: JSONText)] = []
    ) {
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more
    }

    var json: JSONText {
        .object(
            [
                ("type", "about:blank"), ("title", .string(status.reasonPhrase)), ("status", .integer(status.code)),
                ("detail", .string(detail)),
            ] + more)
    }

    var response: Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: json.buffer))
    }
}

extension Problem {
    /// Seconds after which a refused sender should come again. A restart of Redis takes about as long; GitHub itself does not
    /// repeat by the header, people and proxies do.
    static let retryAfter = "5"

    static func unavailable(_ detail: String) -> Problem {
        Problem(.serviceUnavailable, detail, headers: [.retryAfter: retryAfter])
    }

    static func missing(_ path: String) -> Problem {
        Problem(.notFound, "nothing is served under \(path); docs/openapi.yaml lists what is")
    }

    static func method(_ method: HTTPRequest.Method, allowed: String) -> Problem {
        Problem(.methodNotAllowed, "\(method.rawValue) is not served here; use \(allowed)", headers: [.allow: allowed])
    }

    static func tooLarge(_ limit: Int) -> Problem {
        Problem(.contentTooLarge, "the body has more than \(limit) bytes, the limit here; send less")
    }

    /// What a producer is told when its job was not taken. The reason of `away` names servers and goes into the log
    /// instead; that of `full` names only the queue and its bound.
    static func notEnqueued(_ error: QueueError) -> Problem {
        switch error {
        case .away(_, let maybeExecuted):
            .unavailable(
                maybeExecuted
                    ? "the queue's server did not answer, and the job may have been taken; send it again with the same id or unique key"
                    : "the queue's server is away and the job was not taken; send it again later")
        case .full(let text): Problem(.tooManyRequests, text, headers: [.retryAfter: retryAfter])
        case .outOfMemory:
            .unavailable(
                "the queue's server is short of memory and the job was not taken; send it again when workers have freed some"
            )
        case .refused:
            .unavailable(
                "the queue's server refused the job; send it again later, its operator finds the reason in the log")
        case .invalid(let text): Problem(.badRequest, text)
        case .unknown(let text): Problem(.notFound, text)
        }
    }

    /// The answer when the deadline passed first.
    static let late = notEnqueued(.away("", maybeExecuted: true))

    /// What somebody is told who asked for anything else.
    /// - Parameter invalid: what the function library's INVALID means: 409 where only the state of a job can be wrong,
    ///   400 where it judges values.
    static func notDone(_ error: QueueError, invalid: HTTPResponse.Status) -> Problem {
        switch error {
        case .away(_, let maybeExecuted):
            .unavailable(
                maybeExecuted
                    ? "the queue's server did not answer in time, and what was asked for may be done; look, or ask again"
                    : "the queue's server is away and nothing was done; ask again later")
        case .outOfMemory:
            .unavailable(
                "the queue's server is short of memory and nothing was done; ask again when workers have freed some")
        case .refused:
            .unavailable("the queue's server refused; ask again later, its operator finds the reason in the log")
        case .invalid(let text): Problem(invalid, text)
        case .full, .unknown: .notEnqueued(error)
        }
    }
}

extension QueueError {
    /// Whether the operator has to hear of it: not of the client's mistakes.
    var isTrouble: Bool {
        switch self {
        case .away, .full, .outOfMemory, .refused: true
        case .invalid, .unknown: false
        }
    }
}

extension Result where Failure == QueueError, Success: Sendable {
    init(_ body: () async throws(QueueError) -> Success) async {
        do throws(QueueError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
