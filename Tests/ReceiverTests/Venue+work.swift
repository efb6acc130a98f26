import Logging
import NIOCore
import Penstock
import Support
import Testing

extension Venue {
    /// The test's own queue, to see what has become of it.
    func inside() throws -> Queue { try Queue(queue, in: store) }

    /// A path below the test's own queue.
    func path(_ rest: String = "") -> String { "/v1/queues/\(queue)\(rest)" }

    /// Enqueues a job from Swift; its id.
    func add(_ type: String = "t", _ change: (inout NewJob) -> Void = { _ in }) async throws -> String {
        var job = NewJob(type: type, payload: ByteBuffer(string: "{}"))
        change(&job)
        return try await inside().enqueue(job).id
    }

    /// Runs a worker until the condition is fulfilled, then stops it and waits until it has stopped.
    func work(
        _ handlers: [String: Handler], during body: () async throws -> Void = {},
        until condition: (Backlog) -> Bool = { _ in true }, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let worker = try Worker(
            queues: [queue], in: store, handlers: handlers,
            logger: .silent)
        let running = Task { try await worker.run() }
        let result: Result<Void, any Error>
        do {
            let deadline = ContinuousClock.now + .seconds(30)
            while try await !condition(inside().backlog()) {
                try #require(ContinuousClock.now < deadline, "the condition did not come true", sourceLocation: place)
                try await Task.sleep(for: .milliseconds(10))
            }
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        running.cancel()
        try await running.value
        try result.get()
    }

    /// Runs a worker in which every job dies, until so many are dead.
    func bury(_ count: Int, of types: [String] = ["t"], _ reason: String = "out of luck") async throws {
        let handlers = types.map { type -> (String, Handler) in (type, { _ in throw Bury("\(type): \(reason)") }) }
        try await work(Dictionary(uniqueKeysWithValues: handlers), until: { $0.dead == count })
    }
}

extension Wire.Reply {
    /// A member of the body, by its path.
    subscript(_ path: String...) -> RawJSON? { try? RawJSON(body).value(at: path) }
}
