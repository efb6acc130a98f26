import Foundation

/// Something did not come about in time.
struct Overdue: Error, CustomStringConvertible {
    let what: String
    var description: String { "in vain waited for: \(what)" }
}

/// Asks again until `condition` holds. The time is only a bound, for machines that are busy.
func eventually(
    _ what: String, within time: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + time
    while !(try await condition()) {
        guard ContinuousClock.now < deadline else { throw Overdue(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}
