import DequeModule
import Synchronization

/// The handlers' side of a worker: as many long-lived tasks as jobs may run at once. Each reports an outcome and takes the
/// next run in one step, so that a busy worker switches no threads between jobs.
final class Slots: Sendable {
    private struct Shared {
        var ready: Deque<Run> = []
        var idle: [CheckedContinuation<Run?, Never>] = []
        var outcomes: [Outcome] = []
        var isSignalled = false
        var isClosed = false
    }

    /// The task of a slot, for its own runs to cancel.
    private final class Handle: Sendable {
        let task = Mutex<Task<Void, Never>?>(nil)
    }

    private let shared = Mutex(Shared())
    private let pool: HandlerPool
    /// Called when outcomes wait, once until they are taken.
    private let signal: @Sendable () -> Void

    init(count: Int, pool: HandlerPool, signal: @escaping @Sendable () -> Void) {
        self.pool = pool
        self.signal = signal
        for _ in 0..<count { open() }
    }

    /// Gives runs to the handlers, in this order.
    func push(_ runs: [Run]) {
        let woken = shared.withLock { shared in
            shared.ready.append(contentsOf: runs)
            var woken: [(CheckedContinuation<Run?, Never>, Run)] = []
            while let slot = shared.idle.last, let run = shared.ready.popFirst() {
                shared.idle.removeLast()
                woken.append((slot, run))
            }
            return woken
        }
        for (slot, run) in woken { slot.resume(returning: run) }
    }

    /// The outcomes that have come together.
    func takeOutcomes() -> [Outcome] {
        shared.withLock { shared in
            defer { shared.outcomes = [] }
            shared.isSignalled = false
            return shared.outcomes
        }
    }

    /// Takes back runs that no handler has begun.
    func takeReady(where isWanted: (Run) -> Bool = { _ in true }) -> [Run] {
        shared.withLock { shared in
            let taken = Array(shared.ready.filter(isWanted))
            if !taken.isEmpty { shared.ready.removeAll(where: isWanted) }
            return taken
        }
    }

    /// Makes up for a slot whose handler was given up.
    func replace() {
        pool.changeLimit(by: 1)
        open()
    }

    func close() {
        let idle = shared.withLock { shared in
            shared.isClosed = true
            defer { shared.idle = [] }
            return shared.idle
        }
        for slot in idle { slot.resume(returning: nil) }
    }

    private func open() {
        let handle = Handle()
        let task = Task(executorPreference: pool) { await self.work { handle.task.withLock { $0 }?.cancel() } }
        handle.task.withLock { $0 = task }
    }

    private func work(stop: @escaping @Sendable () -> Void) async {
        var outcome: Outcome?
        while let run = await next(after: outcome) {
            outcome = await run.perform(stop: stop)
            guard outcome != nil else {
                // The run was given up, and another slot has taken this one's place.
                return pool.changeLimit(by: -1)
            }
            // A cancelled task stays cancelled: the next job gets a fresh one.
            if Task.isCancelled {
                report(outcome)
                return open()
            }
        }
    }

    private func next(after outcome: Outcome?) async -> Run? {
        if let run = report(outcome, takesNext: true) { return run }
        return await withCheckedContinuation { slot in
            let (run, isOver) = shared.withLock { shared -> (Run?, Bool) in
                if let run = shared.ready.popFirst() { return (run, true) }
                if shared.isClosed { return (nil, true) }
                shared.idle.append(slot)
                return (nil, false)
            }
            if isOver { slot.resume(returning: run) }
        }
    }

    @discardableResult
    private func report(_ outcome: Outcome?, takesNext: Bool = false) -> Run? {
        let (run, signals) = shared.withLock { shared -> (Run?, Bool) in
            var signals = false
            if let outcome {
                shared.outcomes.append(outcome)
                // After the end nobody listens: the run was given back.
                signals = !shared.isSignalled && !shared.isClosed
                shared.isSignalled = true
            }
            return (takesNext ? shared.ready.popFirst() : nil, signals)
        }
        if signals { signal() }
        return run
    }
}
