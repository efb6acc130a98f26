import Crypto
import Logging
import NIOCore
import Penstock
import Receiver
import Servers
import ServiceLifecycle
import Support

/// A receiver on a port of its own, over a real Redis.
struct Venue {
    static let secret = "It's a Secret to Everybody"
    static let oldSecret = "the one before"
    static let key = "an-api-key"

    let wire: Wire
    let store: Store
    /// A queue that no other test uses.
    let queue: String

    /// What a test may set; the rest is as in a usual configuration.
    struct Plan {
        var url: String
        var keys = [Venue.key]
        var routes: ((_ queue: String) throws -> [Route])?
        var history: (any History)?
        var readiness: [ReadinessCheck] = []
        var histograms: [HistogramSnapshot] = []
        var limits = Limits()
        var maxPayload = 1 << 20
        var hasReceiver = true
        /// Nil is the usual one. Machines that run tests are busy, and only few tests are about being late.
        var patience: Duration? = .seconds(30)
        var patienceForMany = API.patienceForMany
        var budget = Budget()
        var logger = Logger.silent
        /// Share of `maxmemory`, and how long a look at it holds. None is the usual one.
        var memoryMark: (share: Double, interval: Duration)?
    }

    static func open(_ plan: Plan, _ body: (Venue) async throws -> Void) async throws {
        let logger = plan.logger
        let store = try Store(url: plan.url, logger: logger)
        let queue = "q\(UInt64.random(in: .min ... .max))"
        let source = try Source(name: "github", secrets: [Array(secret.utf8), Array(oldSecret.utf8)])
        let routes = try plan.routes?(queue) ?? [Route(source: "github", type: "activity", queue: queue)]
        let tally = Tally()
        let histograms = plan.histograms
        let mark = plan.memoryMark.map { MemoryMark($0.share, of: store, interval: $0.interval) }
        let site = Site(
            webhooks: plan.hasReceiver
                ? try Webhooks(
                    sources: [source], routes: routes, store: store, patience: plan.patience ?? Webhooks.patience,
                    memoryMark: mark, tally: tally, logger: logger) : nil,
            api: plan.hasReceiver
                ? API(
                    keys: APIKeys(plan.keys), store: store, history: plan.history, queues: [queue],
                    maxPayload: plan.maxPayload, patience: plan.patience ?? API.patience,
                    patienceForMany: plan.patienceForMany, memoryMark: mark, logger: logger) : nil,
            operations: Operations(
                store: store, queues: [queue], readiness: plan.readiness, histograms: { histograms },
                patience: plan.patience ?? ReadinessCheck.patience, tally: tally,
                logger: logger),
            tally: tally, budget: plan.budget)
        let ports = AsyncStream<Int>.makeStream()
        let listener = Listener(site: site, host: "127.0.0.1", port: 0, limits: plan.limits, logger: logger) { port in
            ports.continuation.yield(port)
        }
        let services = ServiceGroup(configuration: .init(services: [listener], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            for await port in ports.stream {
                try await body(Venue(wire: Wire(port: port), store: store, queue: queue))
                break
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        await store.shutdown()
    }

    static func sign(_ body: ByteBuffer, with secret: String = secret) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(body.readableBytesView), using: SymmetricKey(data: Array(secret.utf8)))
        return "sha256=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A delivery as GitHub sends it; `changes` replaces headers, and nil takes one out.
    func deliver(
        _ body: String, event: String = "push", delivery: String, changes: [String: String?] = [:]
    ) async throws -> Wire.Reply {
        try await deliver(ByteBuffer(string: body), event: event, delivery: delivery, changes: changes)
    }

    func deliver(
        _ body: ByteBuffer, event: String = "push", delivery: String, changes: [String: String?] = [:]
    ) async throws -> Wire.Reply {
        var headers: [String: String?] = [
            "Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": Self.sign(body),
        ]
        headers.merge(changes) { $1 }
        let sent = headers.compactMap { name, value in value.map { (name, $0) } }
        return try await wire.ask("POST", "/webhooks/github", sent, body: body)
    }

    func api(
        _ method: String, _ path: String, body: String = "", key: String? = key, more: [(String, String)] = []
    ) async throws -> Wire.Reply {
        let headers = key.map { [("Authorization", "Bearer \($0)")] } ?? []
        return try await wire.ask(method, path, headers + [("Content-Type", "application/json")] + more, body: body)
    }

    func enqueue(_ body: String) async throws -> Wire.Reply {
        try await api("POST", "/v1/queues/\(queue)/jobs", body: body)
    }
}
