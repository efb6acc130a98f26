import Foundation
import Redis

/// Measures parts of a run: seconds by the clock, and the processor time that Redis spent meanwhile.
struct Meter {
    struct Span: Sendable {
        /// Seconds.
        var elapsed = 0.0
        /// Seconds of Redis's processor, user and system.
        var redis = 0.0
    }

    let client: Client

    func measure(_ work: () async throws -> Void) async throws -> Span {
        let before = try await processorTime()
        let start = ContinuousClock.now
        try await work()
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        return Span(elapsed: elapsed, redis: try await processorTime() - before)
    }

    func processorTime() async throws -> Double {
        let text = try await client.send(Command("INFO", "cpu")).string ?? ""
        var seconds = 0.0
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":")
            if parts.count == 2, ["used_cpu_user", "used_cpu_sys"].contains(parts[0]) {
                seconds += Double(parts[1]) ?? 0
            }
        }
        return seconds
    }
}

extension [Double] {
    /// The value below which the given part of all lies; 0 for none.
    func percentile(_ part: Double) -> Double {
        guard !isEmpty else { return 0 }
        return sorted()[Swift.min(count - 1, Int(Double(count) * part))]
    }

    var median: Double { percentile(0.5) }
}
