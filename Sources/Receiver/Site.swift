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

    /// After the last request.
    func tellCut(_ logger: Logger) { api?.errands.tellCut(logger) }

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
        tally.count(door: place?.endpoint.door.rawValue ?? "none", status: response.status.code)
        if request.method == .head {
            let length = response.headers[.contentLength]
            response = response.createHeadResponse()
            response.headers[.contentLength] = length
        }
        return response
    }

    private func answer(_ request: Request, at place: Place?, share: Budget.Share) async throws(Problem) -> Response {
        guard let place, isServed(place.endpoint) else {
            // Said back without its query, and short.
            throw .missing(String((request.head.path ?? "").prefix { $0 != "?" }.prefix(80)))
        }
        // A webhook's refusals have an order of their own.
        if case .webhook = place.endpoint, let webhooks {
            return try await webhooks.receive(request, from: place.names[0], share: share)
        }
        let methods = place.endpoint.methods
        guard methods.contains(request.method) else {
            throw .method(request.method, allowed: methods.map(\.rawValue).joined(separator: ", "))
        }
        switch place.endpoint {
        case .health: return operations.health()
        case .readiness: return try await operations.ready()
        case .metrics: return await operations.metrics()
        default:
            guard let api else { throw .missing(place.endpoint.rawValue) }
            try api.admit(request)
            // Only a list has parameters; what is meant for a body and stands there would be lost.
            if place.endpoint != .dead { _ = try Form(query: request.head.path ?? "", known: [], numbers: []) }
            return try await api.answer(request, at: place, share: share)
        }
    }

    private func isServed(_ endpoint: Endpoint) -> Bool {
        switch endpoint.door {
        case .webhooks: webhooks != nil
        case .api: api != nil
        case .operations: true
        }
    }
}
