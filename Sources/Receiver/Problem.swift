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

    /// What a producer is told when its job was not taken. The reason of `away` and `full` names servers and goes into
    /// the log instead.
    static func notEnqueued(_ error: QueueError) -> Problem {
        switch error {
        case .away(_, let maybeExecuted):
            .unavailable(
                maybeExecuted
                    ? "the queue's server did not answer, and the job may have been taken; send it again with the same id or unique key"
                    : "the queue's server is away and the job was not taken; send it again later")
        case .full, .outOfMemory: .unavailable("the queue is full and the job was not taken; send it again later")
        case .refused:
            .unavailable(
                "the queue's server refused the job; send it again later, its operator finds the reason in the log")
        case .invalid(let text): Problem(.badRequest, text)
        case .unknown(let text): Problem(.notFound, text)
        }
    }

    /// The answer when the deadline passed first.
    static let late = notEnqueued(.away("", maybeExecuted: true))
}
