import Foundation
import Penstock
import Synchronization

/// The time from just before an enqueue is sent until the job is in the hands of whoever runs it.
final class PickUp: Sendable {
    private struct State {
        var sent: [String: ContinuousClock.Instant] = [:]
        var waits: [Double] = []
    }

    private let state = Mutex(State())

    /// Called where the job arrives.
    func came(_ id: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            guard let sent = state.sent.removeValue(forKey: id) else { return }
            state.waits.append((now - sent) / .milliseconds(1))
        }
    }

    /// Enqueues `count` jobs at `rate` a second, and waits until all have come.
    /// - Returns: milliseconds, one for each.
    func run(_ count: Int, rate: Double, to queue: Queue, load: BenchLoad) async throws -> [Double] {
        let start = ContinuousClock.now
        for index in 0..<count {
            try await Task.sleep(until: start + .seconds(Double(index) / rate))
            var job = NewJob(type: BenchLoad.type, payload: load.payload)
            let id = UUID().uuidString
            job.id = id
            state.withLock { $0.sent[id] = .now }
            _ = try await queue.enqueue(job)
        }
        while state.withLock({ !$0.sent.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        return state.withLock { $0.waits }
    }
}
