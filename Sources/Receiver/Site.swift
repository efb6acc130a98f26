import Hummingbird
import Logging
import NIOCore

/// What is served under which path. A process without the receiver role has only the door for operators.
package struct Site: HTTPResponder {
    package typealias Context = BasicRequestContext

    private let webhooks: Webhooks?
    private let api: API?
    private let operations: Operations
    private let tally: Tally
    private let budget: Budget

    package init(
        webhooks: Webhooks? = nil, api: API? = nil, operations: Operations, tally: Tally = Tally(),
        budget: Budget = Budget()
    ) {
        self.webhooks = webhooks
        self.api = api
        self.operations = operations
        self.tally = tally
        self.budget = budget
    }

    /// Never throws: whatever happens, the answer is a response, and every refusal is a problem.
    package func respond(to request: Request, context: Context) async -> Response {
        let place = Place(request.head.path ?? "")
        let share = Budget.Share(of: budget)
        defer { withExtendedLifetime(share) {} }
        var response: Response
        do throws(Problem) {
            response = try await answer(request, at: place, share: share)
        } catch {
            response = error.response
        }
        tally.count(door: place.door, status: response.status.code)
        if request.method == .head {
            let length = response.headers[.contentLength]
            response = response.createHeadResponse()
            response.headers[.contentLength] = length
        }
        return response
    }

    private func answer(_ request: Request, at place: Place, share: Budget.Share) async throws(Problem) -> Response {
        switch place {
        case .webhook(let source):
            guard let webhooks else { break }
            return try await webhooks.receive(request, from: source, share: share)
        case .jobs(let queue):
            guard let api else { break }
            guard request.method == .post else { throw .method(request.method, allowed: "POST") }
            try api.admit(request)
            return try await api.enqueue(request, into: queue, share: share)
        case .job(let id, let queue):
            guard let api else { break }
            try readOnly(request)
            try api.admit(request)
            return try await api.job(id, in: queue)
        case .queues:
            guard let api else { break }
            try readOnly(request)
            try api.admit(request)
            return try await api.backlogs()
        case .health:
            try readOnly(request)
            return operations.health()
        case .readiness:
            try readOnly(request)
            return try await operations.ready()
        case .metrics:
            try readOnly(request)
            return await operations.metrics()
        case .nowhere:
            break
        }
        // Said back without its query, and short.
        throw .missing(String((request.head.path ?? "").prefix { $0 != "?" }.prefix(80)))
    }

    private func readOnly(_ request: Request) throws(Problem) {
        guard request.method == .get || request.method == .head else {
            throw .method(request.method, allowed: "GET, HEAD")
        }
    }
}
