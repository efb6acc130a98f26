import Hummingbird
import JSON
import Logging
import Penstock

/// The verbs for a queue. Any name that a queue can have is one: a queue begins with its first job or setting.
extension API {
    func backlog(of queue: Queue) async throws(Problem) -> Response {
        let backlog = try await ask(queue) { queue async throws(QueueError) in try await queue.backlog() }
        return .json(.ok, JSONText(backlog))
    }

    func pause(_ queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let type = try form.printable("type", limit: 128)
        try await ask(queue) { queue async throws(QueueError) in try await queue.pause(type: type) }
        return await told("paused", queue, type)
    }

    func resume(_ queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let type = try form.printable("type", limit: 128)
        try await ask(queue) { queue async throws(QueueError) in try await queue.resume(type: type) }
        return await told("resumed", queue, type)
    }

    func drain(_ queue: Queue, _ form: Form) async throws(Problem) -> Response {
        try await ask(queue) { queue async throws(QueueError) in try await queue.drain() }
        return await told("draining", queue, nil)
    }

    /// What was told to a queue makes it known.
    private func told(_ word: String, _ queue: Queue, _ type: String?) async -> Response {
        await register(queue)
        return Answer(word, queue: queue.name, more: type.map { [("type", .string($0))] } ?? []).response
    }

    /// Asks first: whoever sends it has to say the queue's name once more.
    func purge(_ queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let type = try form.printable("type", limit: 128)
        let state = try form.word("state", PurgedState.self).flatMap { JobState(rawValue: $0.rawValue) }
        guard try form.text("confirm", limit: 128) == queue.name else {
            throw Problem(
                .badRequest,
                "confirm is not the queue's name; a purge cannot be undone, send {\"confirm\":\"\(queue.name)\"} if it is meant"
            )
        }
        let facts = { @Sendable (purged: Int) -> Logger.Metadata in ["purged": "\(purged)"] }
        let purged = try await run("purge", on: queue, facts: facts) { () async throws(QueueError) in
            try await queue.purge(state: state, type: type)
        }
        guard let purged else { return Answer("purging", status: .accepted, queue: queue.name).response }
        return Answer("purged", queue: queue.name, more: [("purged", .integer(purged))]).response
    }

    private enum PurgedState: String, CaseIterable { case waiting, delayed, parked, dead }

    /// `GET …/check`: the invariants, counted; nothing is changed.
    func check(_ queue: Queue) async throws(Problem) -> Response {
        let report = try await run("check", on: queue, facts: Self.facts) { () async throws(QueueError) in
            try await queue.check()
        }
        guard let report else {
            throw .unavailable("queue \(queue.name) is too large to be checked within a request; use penstock fsck")
        }
        return .json(.ok, JSONText(report, queue: queue.name))
    }

    /// `POST …/repair`: the same, and what can be mended is.
    func repair(_ queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let report = try await run("repair", on: queue, facts: Self.facts) { () async throws(QueueError) in
            try await queue.check(repair: true)
        }
        guard let report else { return Answer("repairing", status: .accepted, queue: queue.name).response }
        return .json(.ok, JSONText(report, queue: queue.name))
    }

    /// Each finding with its proof, up to a thousand.
    private static func facts(_ report: Queue.CheckReport) -> Logger.Metadata {
        [
            "looked": "\(report.looked)", "found": "\(report.findings.count)",
            "mended": "\(report.findings.count(where: \.isMended))",
            "findings": .array(report.findings.prefix(1000).map { "\($0.code) \($0.subject): \($0.fact)" }),
        ]
    }

    /// `GET /v1/workers`: the processes that live.
    func workers() async throws(Problem) -> Response {
        let store = store
        let outcome = await within(patience) {
            await Result { () async throws(QueueError) in try await store.workers() }
        }
        guard case .success(let workers)? = outcome else {
            if case .failure(let error)? = outcome {
                logger.warning("Workers could not be read", metadata: [LogKey.error: "\(error)"])
            }
            throw .unavailable("the queues' server cannot tell about the workers now; ask again later")
        }
        return .json(.ok, .object([("workers", .array(workers.map { JSONText($0) }))]))
    }
}

extension JSONText {
    fileprivate init(_ report: Queue.CheckReport, queue: String) {
        let findings = report.findings.map { finding in
            JSONText.object([
                ("code", .string(finding.code)), ("subject", .string(finding.subject)), ("fact", .string(finding.fact)),
                ("mended", .boolean(finding.isMended)),
            ])
        }
        self = .object([
            ("queue", .string(queue)), ("looked", .integer(report.looked)), ("findings", .array(findings)),
        ])
    }

    fileprivate init(_ worker: WorkerRecord) {
        self = .object([
            ("name", .string(worker.name)), ("queues", .array(worker.queues.map { .string($0) })),
            ("types", .array(worker.types.map { .string($0) })), ("concurrency", .integer(worker.concurrency)),
            ("running", .integer(worker.running)), ("seen_at", JSONText(worker.seenAt)),
        ])
    }
}
