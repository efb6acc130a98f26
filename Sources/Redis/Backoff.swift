/// Pauses between attempts: they double up to a cap, and each is drawn from its upper half so that many clients that
/// lost one server do not come back in step.
package struct Backoff: Sendable {
    private let first: Double
    private let cap: Double
    private var attempt = 0

    package init(first: Duration = .milliseconds(50), cap: Duration = .seconds(2)) {
        self.first = first / .seconds(1)
        self.cap = cap / .seconds(1)
    }

    package mutating func next() -> Duration {
        let whole = min(cap, first * Double(1 << min(attempt, 20)))
        attempt += 1
        return .seconds(Double.random(in: whole / 2...whole))
    }

    package mutating func reset() { attempt = 0 }
}
