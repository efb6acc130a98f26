import Synchronization

@testable import Penstock

/// Counts the runs that handlers begin and end.
final class Census: Sendable {
    private struct State {
        var begun: [String: Int] = [:]
        var ended = 0
        var inside = 0
        var most = 0
        var jobs: [Job] = []
    }

    private let state = Mutex(State())

    /// Runs begun so far, by job id.
    var runs: [String: Int] { state.withLock { $0.begun } }
    /// All runs begun so far, in their order.
    var jobs: [Job] { state.withLock { $0.jobs } }
    var begun: Int { state.withLock { $0.jobs.count } }
    var ended: Int { state.withLock { $0.ended } }
    /// The most runs that were inside at one time.
    var most: Int { state.withLock { $0.most } }

    func enter(_ job: Job? = nil) {
        state.withLock { state in
            if let job {
                state.begun[job.id, default: 0] += 1
                state.jobs.append(job)
            }
            state.inside += 1
            state.most = max(state.most, state.inside)
        }
    }

    func leave() {
        state.withLock { state in
            state.inside -= 1
            state.ended += 1
        }
    }

    /// A handler that is counted.
    func handler(_ body: @escaping Handler = { _ in .none }) -> Handler {
        { job in
            self.enter(job)
            defer { self.leave() }
            return try await body(job)
        }
    }
}
