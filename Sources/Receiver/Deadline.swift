import Synchronization

/// Runs `operation` and waits for it, but no longer than `limit`; nil when it took longer.
///
/// An operation that is late is cancelled and left to end by itself: a task group would wait for one that ignores
/// cancellation, and then the deadline would be none.
func within<Value: Sendable>(_ limit: Duration, _ operation: @escaping @Sendable () async -> Value) async -> Value? {
    let race = Race<Value>()
    let work = Task { race.finish(await operation()) }
    let clock = Task {
        try? await Task.sleep(for: limit)
        race.finish(nil)
    }
    let value = await withCheckedContinuation { race.wait($0) }
    clock.cancel()
    work.cancel()
    return value
}

/// Takes the first of two ends and ignores the other.
private final class Race<Value: Sendable>: Sendable {
    private enum State {
        case running
        case waiting(CheckedContinuation<Value?, Never>)
        case finished(Value?)
    }

    private let state = Mutex(State.running)

    func wait(_ continuation: CheckedContinuation<Value?, Never>) {
        let early: Value?? = state.withLock { state in
            if case .finished(let value) = state { return .some(value) }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(returning: early) }
    }

    func finish(_ value: Value?) {
        let waiter: CheckedContinuation<Value?, Never>? = state.withLock { state in
            defer { if case .finished = state {} else { state = .finished(value) } }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume(returning: value)
    }
}
