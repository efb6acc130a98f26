import Foundation

/// A moment on the monotonic clock by which something must have happened.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    init(seconds: Double) { end = .now + .seconds(seconds) }

    var hasPassed: Bool { ContinuousClock.now >= end }
}
