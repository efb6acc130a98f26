import ServiceLifecycle

/// Services that stop at the same time: a request that is slow to end must not take from the grace of the jobs.
struct SideBySide: Service {
    let services: [any Service]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            // Not `waitForAll`, which would wait for the others before it throws; this way they are cancelled.
            while try await group.next() != nil {}
        }
    }
}
