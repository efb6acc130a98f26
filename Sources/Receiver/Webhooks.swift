import Hummingbird
import JSON
import Logging
import NIOCore
import Penstock

/// The door for webhooks: verifies, routes, enqueues. No handler runs in the request; what a sender waits for is one
/// round trip to Redis.
package struct Webhooks: Sendable {
    /// The largest body GitHub sends.
    static let maxBody = 25 << 20
    /// The whole answer has to be there 2 s after the request, also when Redis is silent; a fifth is left for the rest.
    package static let patience = Duration.milliseconds(1600)

    private struct Door: Sendable {
        let source: Source
        var routes: [(route: Route, queue: Queue)]
    }

    private let doors: [String: Door]
    private let patience: Duration
    private let memoryMark: MemoryMark
    private let tally: Tally
    private let logger: Logger

    /// - Parameters:
    ///   - patience: how long Redis may take.
    ///   - memoryMark: how full Redis may be while deliveries are taken; nil is the usual one. Share it with the API.
    /// - Throws: `QueueError.invalid` when a route names a queue that cannot exist.
    package init(
        sources: [Source], routes: [Route], store: Store, patience: Duration = Webhooks.patience,
        memoryMark: MemoryMark? = nil, tally: Tally = Tally(), logger: Logger
    ) throws(QueueError) {
        var doors: [String: Door] = [:]
        for source in sources { doors[source.name] = Door(source: source, routes: []) }
        for route in routes { doors[route.source]?.routes.append((route, try Queue(route.queue, in: store))) }
        self.doors = doors
        self.patience = patience
        self.memoryMark = memoryMark ?? MemoryMark(of: store)
        self.tally = tally
        self.logger = logger
    }

    func serves(_ source: String) -> Bool { doors[source] != nil }

    /// The order of the refusals is part of the interface: what costs nothing to check comes first, and nothing of the
    /// body is looked into before its signature has proven where it comes from.
    func receive(_ request: Request, from name: String, share: Budget.Share) async throws(Problem) -> Response {
        guard let door = doors[name] else { throw .missing("/webhooks/\(name)") }
        guard request.method == .post else { throw .method(request.method, allowed: "POST") }
        guard ContentType.isJSON(request.headers[.contentType]) else {
            throw Problem(
                .unsupportedMediaType,
                "the body is not application/json; choose that content type in the webhook's settings")
        }
        let body = try await Body.read(request, upTo: Self.maxBody, share: share)
        guard let signature = Signature(Self.signature(in: request.headers)),
            signature.proves(body, with: door.source.secrets)
        else {
            throw Problem(
                .unauthorized,
                "X-Hub-Signature-256 is missing or does not fit the body; set the same secret at the sender and here",
                headers: [.wwwAuthenticate: "Signature"])
        }
        let delivery = try Delivery(request.headers)
        let payload = try Self.payload(body)
        if delivery.event == "ping" { return .json(.ok, .object([("ok", true)])) }
        let action = payload.value(at: ["action"])?.string
        guard let (route, queue) = door.routes.first(where: { $0.route.matches(event: delivery.event, action: action) })
        else {
            await countUnrouted(door)
            return .json(.ok, .object([("ignored", true)]))
        }
        var job = NewJob(type: route.type, payload: body)
        job.priority = route.priority
        job.key = route.key?.key(for: payload)
        job.unique = "\(name):\(delivery.id)"
        job.ttl = Delivery.window
        job.headers = delivery.headers
        job.source = name
        return try await enqueue(job, into: queue)
    }

    /// A second signature header would be somebody's attempt to confuse us; two are as bad as none.
    private static func signature(in fields: HTTPFields) -> String? {
        let values = fields.filter { $0.name.canonicalName == Signature.header }.map(\.value)
        return values.count == 1 ? values[0] : nil
    }

    private static func payload(_ body: ByteBuffer) throws(Problem) -> RawJSON {
        do throws(JSONFault) {
            return try RawJSON(body)
        } catch {
            throw Problem(.badRequest, error.description)
        }
    }

    /// A job that Redis may have taken after the deadline is no harm: the delivery id makes the next one a duplicate.
    private func enqueue(_ job: NewJob, into queue: Queue) async throws(Problem) -> Response {
        let mark = memoryMark
        let outcome = await within(patience) { () async -> Result<Receipt, QueueError> in
            if await mark.isPassed() { return .failure(MemoryMark.refusal) }
            return await Result { () async throws(QueueError) in try await queue.enqueue(job) }
        }
        switch outcome {
        case .success(let receipt)?: return Answer(receipt, queue: queue.name).response
        case .failure(let error)?:
            logger.warning(
                "Webhook could not be enqueued",
                metadata: [
                    LogKey.queue: "\(queue.name)", LogKey.source: "\(job.source ?? "")", LogKey.error: "\(error)",
                ])
            throw Self.refusal(error)
        case nil:
            logger.warning(
                "Webhook was not enqueued in time",
                metadata: [LogKey.queue: "\(queue.name)", LogKey.source: "\(job.source ?? "")"])
            throw .late
        }
    }

    /// A full queue is 503 here and not the API's 429. GitHub repeats no delivery by itself, and to those who redeliver by
    /// hand or by its API every status from 400 is the same; but there are senders that give up on any 4xx and come again
    /// after every 5xx, and relays that take 429 for a reason to slow down all their deliveries, those of other queues too.
    private static func refusal(_ error: QueueError) -> Problem {
        var problem = Problem.notEnqueued(error)
        if case .full = error { problem.status = .serviceUnavailable }
        return problem
    }

    /// Counted with the first queue of the source, where its operator looks; in the process when that cannot be.
    private func countUnrouted(_ door: Door) async {
        let isCounted = await within(patience) { () async -> Bool in
            guard let queue = door.routes.first?.queue else { return false }
            do throws(QueueError) { try await queue.countUnrouted() } catch { return false }
            return true
        }
        if isCounted != true { tally.countUnrouted() }
    }
}
