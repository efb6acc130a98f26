import Hummingbird
import JSON
import NIOCore
import Penstock

extension API {
    /// Answers at one of the API's places; method and key are right.
    func answer(_ request: Request, at place: Place, share: Budget.Share) async throws(Problem) -> Response {
        let names = place.names
        switch names.count {
        case 0: return place.endpoint == .workers ? try await workers() : try await backlogs()
        case 1: return try await answer(request, place.endpoint, of: try queue(names[0]), share: share)
        default: return try await answer(request, place.endpoint, of: names[1], in: try queue(names[0]), share: share)
        }
    }

    private func answer(
        _ request: Request, _ endpoint: Endpoint, of queue: Queue, share: Budget.Share
    ) async throws(Problem) -> Response {
        switch endpoint {
        case .jobs: return try await enqueue(request, into: queue, share: share)
        case .queue: return try await backlog(of: queue)
        case .pause: return try await pause(queue, try await form(request, ["type"], share))
        case .resume: return try await resume(queue, try await form(request, ["type"], share))
        case .drain: return try await drain(queue, try await form(request, [], share))
        case .purge: return try await purge(queue, try await form(request, ["confirm", "state", "type"], share))
        case .check: return try await check(queue)
        case .repair: return try await repair(queue, try await form(request, [], share))
        case .settings where request.method == .patch: return try await configure(queue, request, share: share)
        case .settings: return try await settings(of: queue)
        case .dead: return try await deadLetters(of: queue, request.head.path ?? "")
        case .requeueDead:
            return try await requeueDead(of: queue, try await form(request, Self.filterNames + ["rate"], share))
        default: throw .missing(endpoint.rawValue)
        }
    }

    private func answer(
        _ request: Request, _ endpoint: Endpoint, of id: String, in queue: Queue, share: Budget.Share
    ) async throws(Problem) -> Response {
        switch endpoint {
        case .job: return try await job(id, in: queue)
        case .why: return try await why(id, in: queue)
        case .cancel: return try await cancel(id, in: queue, try await form(request, [], share))
        case .move:
            return try await move(id, in: queue, try await form(request, ["priority", "delay", "queue"], share))
        case .requeue: return try await requeue(id, in: queue, try await form(request, ["delay"], share))
        case .resolve: return try await resolve(id, in: queue, try await form(request, ["note"], share))
        default: throw .missing(endpoint.rawValue)
        }
    }

    private func form(
        _ request: Request, _ known: [String], _ share: Budget.Share
    ) async throws(Problem) -> Form {
        try Form(body: try await Body.read(request, upTo: Self.maxForm, share: share), known: known)
    }

    /// Asks Redis, but waits for no longer than a request may.
    /// - Parameter invalid: what INVALID means here; see `Problem.notDone`.
    func ask<Value: Sendable>(
        _ queue: Queue, invalid: HTTPResponse.Status = .conflict,
        _ body: @escaping @Sendable (Queue) async throws(QueueError) -> Value
    ) async throws(Problem) -> Value {
        let outcome = await within(patience) {
            await Result { () async throws(QueueError) in try await body(queue) }
        }
        switch outcome {
        case .success(let value)?: return value
        case .failure(let error)?:
            if error.isTrouble {
                logger.warning(
                    "Request could not be served", metadata: [LogKey.queue: "\(queue.name)", LogKey.error: "\(error)"])
            }
            throw .notDone(error, invalid: invalid)
        case nil: throw .notDone(.away("", maybeExecuted: true), invalid: invalid)
        }
    }
}
