import Foundation
import Logging
import NIOCore
import Penstock
import ServiceLifecycle

/// Workers in a process of their own, for tests that let several processes compete, stop them and kill them. A scheduler
/// runs beside them. What their handlers do is in the payloads, and they write down when they began and ended it.
///
///     Trial REDIS_URL QUEUE TRACE WORKERS CONCURRENCY GRACE
@main
enum Program {
    struct Usage: Error, CustomStringConvertible {
        let description = "Trial needs REDIS_URL QUEUE TRACE WORKERS CONCURRENCY GRACE, the last three numbers"
    }

    /// Every type is run in the same way; limits tell them apart.
    static let types = ["work", "slow"]

    static func main() async throws {
        let words = CommandLine.arguments.dropFirst().map(\.self)
        guard words.count == 6, let workers = Int(words[3]), let concurrency = Int(words[4]), let grace = Int(words[5])
        else { throw Usage() }
        let store = try Store(url: words[0])
        let trace = try Trace(path: words[2])
        var services: [any Service] = []
        for number in 0..<workers {
            let handler: Handler = { job in try await run(job, trace, worker: number) }
            services.append(
                try Worker(
                    queues: [words[1]], in: store, concurrency: concurrency, grace: .seconds(grace),
                    handlers: Dictionary(uniqueKeysWithValues: types.map { ($0, handler) })))
        }
        services.append(Scheduler(in: store, queues: [words[1]]))
        let logger = Logger(label: "trial")
        try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm], logger: logger).run()
        await store.shutdown()
    }

    private static func run(_ job: Job, _ trace: Trace, worker: Int) async throws -> Output {
        trace.note(.start, job, worker: worker)
        defer { trace.note(.end, job, worker: worker) }
        let words = String(buffer: job.payload).split(separator: " ").map(String.init)
        switch words.first ?? "" {
        case "sleep":
            try await Task.sleep(for: .milliseconds(Int(words[1]) ?? 0))
        case "until":
            while !FileManager.default.fileExists(atPath: words[1]) { try await Task.sleep(for: .milliseconds(10)) }
        case "retry":
            // Fails once, and asks for the next attempt after so many milliseconds.
            if job.attempt == 1 { throw Retry(after: .milliseconds(Int(words[1]) ?? 0)) }
        default: break
        }
        return .none
    }
}
