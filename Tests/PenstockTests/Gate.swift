import Foundation
import Synchronization

/// Holds handlers until the test opens it. Passing it ignores cancellation, as a bad handler does.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let condition = NSCondition()

    /// How many have come to the gate so far.
    var arrived: Int { state.withLock { $0.arrived } }

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Suspends the task.
    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.arrived += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Blocks the thread.
    func block() {
        state.withLock { $0.arrived += 1 }
        condition.lock()
        while !state.withLock({ $0.isOpen }) { condition.wait() }
        condition.unlock()
    }

    /// Computes, and never awaits.
    func spin() {
        state.withLock { $0.arrived += 1 }
        while !state.withLock({ $0.isOpen }) {}
    }

    func open() {
        condition.lock()
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        condition.broadcast()
        condition.unlock()
        for continuation in waiting { continuation.resume() }
    }
}
