import DequeModule
import Foundation
import NIOCore
import Synchronization

/// The threads on which handlers run, and nothing else: a handler that blocks or computes without awaiting holds up
/// neither renewals nor other handlers.
///
/// It begins with a thread a core, which is best for handlers that await. When work waits and no thread takes it for
/// `patience`, the threads are blocked or computing, and one more is started, up to `limit`.
final class HandlerPool: TaskExecutor {
    private struct Shared {
        var jobs: Deque<UnownedJob> = []
        var idle = 0
        var threads = 0
        var limit: Int
        var taken: UInt64 = 0
        var isWatched = false
        var isClosed = false

        mutating func take() -> UnownedJob? {
            guard let job = jobs.popFirst() else { return nil }
            taken += 1
            return job
        }

        /// What a thread does next that has just found nothing. In one step with its being idle, because `enqueue` relies on idle threads.
        mutating func next(isIdle: Bool) -> Next {
            if let job = take() {
                if isIdle { idle -= 1 }
                return .run(job)
            }
            if isClosed {
                // A handler that comes back to life after the end still finds a thread: `enqueue` starts one where there
                // is none.
                if isIdle { idle -= 1 }
                threads -= 1
                return .end
            }
            if !isIdle { idle += 1 }
            return .wait
        }
    }

    private enum Next {
        case run(UnownedJob)
        case wait, end
    }

    private static let patience = TimeAmount.milliseconds(5)

    private let condition = NSCondition()
    private let shared: Mutex<Shared>
    private let base = max(2, ProcessInfo.processInfo.activeProcessorCount)
    private let eventLoop: any EventLoop

    /// - Parameter eventLoop: watches for work that nobody takes.
    init(limit: Int, eventLoop: any EventLoop) {
        shared = Mutex(Shared(limit: limit))
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        enum Action { case signal, start, watch, nothing }
        let action = shared.withLock { shared -> Action in
            shared.jobs.append(job)
            // An idle thread takes one job. Of two that meet a single idle thread the second needs another one, else it
            // would wait for the end of the first.
            if shared.idle >= shared.jobs.count { return .signal }
            if shared.threads < min(base, shared.limit) {
                shared.threads += 1
                return .start
            }
            if shared.isWatched || shared.threads >= shared.limit { return .nothing }
            shared.isWatched = true
            return .watch
        }
        switch action {
        case .signal:
            condition.lock()
            condition.signal()
            condition.unlock()
        case .start: startThread()
        case .watch: watch()
        case .nothing: break
        }
    }

    /// Allows for one thread more or less, as a handler that does not return is given up or comes back.
    func changeLimit(by difference: Int) { shared.withLock { $0.limit += difference } }

    /// Lets idle threads end. Threads in handlers that never return stay until the process ends.
    func close() {
        shared.withLock { $0.isClosed = true }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    private func watch() {
        let before = shared.withLock { $0.taken }
        eventLoop.scheduleTask(in: Self.patience) {
            let (starts, goesOn) = self.shared.withLock { shared in
                let starts = !shared.jobs.isEmpty && shared.taken == before && shared.threads < shared.limit
                if starts { shared.threads += 1 }
                shared.isWatched = !shared.jobs.isEmpty && shared.threads < shared.limit
                return (starts, shared.isWatched)
            }
            if starts { self.startThread() }
            if goesOn { self.watch() }
        }
    }

    private func startThread() {
        let thread = Thread { [self] in
            while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
        thread.name = "handlers"
        thread.start()
    }

    private func next() -> UnownedJob? {
        if let job = shared.withLock({ $0.take() }) { return job }
        // Once it is idle, `enqueue` signals it, and under the condition's lock: no wake-up is missed.
        condition.lock()
        defer { condition.unlock() }
        var isIdle = false
        while true {
            switch shared.withLock({ $0.next(isIdle: isIdle) }) {
            case .run(let job): return job
            case .end: return nil
            case .wait: condition.wait()
            }
            isIdle = true
        }
    }
}
