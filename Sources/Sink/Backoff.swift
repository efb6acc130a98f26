/// How long to wait before the next try: doubling from 0.1 s to 5 s, each time a random part of it, so that many processes
/// do not come back at the same moment.
struct Backoff {
    private static let first = Duration.milliseconds(100)
    private static let last = Duration.seconds(5)

    private var limit = first

    mutating func next() -> Duration {
        defer { limit = min(limit * 2, Backoff.last) }
        return limit * Double.random(in: 0.5...1)
    }
}
