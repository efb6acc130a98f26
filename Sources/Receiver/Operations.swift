import Hummingbird
import Logging
import NIOCore
import Penstock

/// The door for operators and their machines: is it alive, is it ready, how is it going.
package struct Operations: Sendable {
    private let store: Store
    private let queues: [String]
    private let readiness: [ReadinessCheck]
    private let histograms: @Sendable () -> [HistogramSnapshot]
    private let patience: Duration
    private let tally: Tally
    private let logger: Logger

    /// - Parameters:
    ///   - queues: those of the configuration, shown also before anybody has used them.
    ///   - readiness: what the roles of this process need.
    ///   - histograms: run and wait times of this process; asked at every scrape.
    ///   - patience: how long each of them may take.
    package init(
        store: Store, queues: [String] = [], readiness: [ReadinessCheck] = [],
        histograms: @escaping @Sendable () -> [HistogramSnapshot] = { [] },
        patience: Duration = ReadinessCheck.patience, tally: Tally = Tally(), logger: Logger
    ) {
        self.store = store
        self.queues = queues
        self.readiness = readiness
        self.histograms = histograms
        self.patience = patience
        self.tally = tally
        self.logger = logger
    }

    /// The process runs; nothing else is asked, so that an outage of Redis restarts no process.
    func health() -> Response { .json(.ok, .object([("ok", true)])) }

    /// - Throws: `Problem` 503 that names everything that is missing.
    func ready() async throws(Problem) -> Response {
        let missing = await ReadinessCheck.missing(readiness, within: patience)
        guard missing.isEmpty else {
            throw Problem(
                .serviceUnavailable,
                "missing: \(missing.map { "\($0.name) (\($0.reason))" }.joined(separator: "; "))",
                more: [
                    ("ready", false),
                    (
                        "missing",
                        .array(missing.map { .object([("name", .string($0.name)), ("reason", .string($0.reason))]) })
                    ),
                ])
        }
        return .json(.ok, .object([("ready", true)]))
    }

    /// Everything that is known now. With Redis away that is what the process itself knows, and that Redis is away.
    func metrics() async -> Response {
        var exposition = Exposition()
        let depths = await Depths(store: store, queues: queues).read(within: patience)
        let up = "Whether a server that this process needs answered just now."
        switch depths {
        case .success(let backlogs):
            exposition.add("penstock_up", .gauge, up, [("dependency", "redis")], 1)
            for backlog in backlogs { exposition.add(backlog) }
            if let memory = await memory() { exposition.add(memory) }
        case .failure(let error):
            logger.debug("Metrics come without queues", metadata: [LogKey.error: "\(error)"])
            exposition.add("penstock_up", .gauge, up, [("dependency", "redis")], 0)
        }
        exposition.add(tally.counts)
        for histogram in histograms() { exposition.add(histogram) }
        return Response(
            status: .ok, headers: [.contentType: Exposition.contentType],
            body: ResponseBody(byteBuffer: exposition.buffer))
    }

    private func memory() async -> Store.Memory? {
        let store = store
        return await within(patience) { try? await store.memory() } ?? nil
    }
}
