import Synchronization

/// Tells when a number of things have happened.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(_ count: Int) {
        left = Atomic(count)
        (stream, continuation) = AsyncStream.makeStream()
        if count == 0 { continuation.finish() }
    }

    func one() {
        if left.subtract(1, ordering: .relaxed).newValue == 0 { continuation.finish() }
    }

    func wait() async {
        for await _ in stream {}
    }
}
