import Logging
import ServiceLifecycle
import Support

/// Workers and schedulers that run beside a test.
struct Crew {
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    init(_ services: any Service...) {
        let group = ServiceGroup(services: services, logger: .silent)
        self.group = group
        running = Task { try await group.run() }
    }

    /// Shuts all down gracefully and waits until they have ended.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await running.value
    }

    /// Begins a graceful shutdown.
    func tellToStop() async { await group.triggerGracefulShutdown() }

    /// Waits for the end of all.
    func ended() async throws { try await running.value }

    /// Runs services for as long as a body takes.
    static func with(_ services: any Service..., body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: services, logger: .silent)
        let running = Task { try await group.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running.value
        try result.get()
    }
}
