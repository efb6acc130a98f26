import Logging
import ServiceLifecycle
import Synchronization

/// Closed until Redis has answered for the first time. What needs Redis waits here, so that a server that is away at start
/// is told of once and not by everybody.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var ticket = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when the gate is open, or the task is cancelled.
    func pass() async {
        let ticket = state.withLock { state in
            state.ticket += 1
            return state.ticket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiting[ticket] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
        }
    }
}

/// A service that begins when the gate is open, or never, when the process is told to stop before.
struct Gated: Service {
    let service: any Service
    let gate: Gate

    func run() async throws {
        await cancelWhenGracefulShutdown { await gate.pass() }
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        try await service.run()
    }
}
