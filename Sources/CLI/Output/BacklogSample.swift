import Foundation
import Penstock

/// Two looks at a queue, about a second apart: its counts, and how fast they change.
struct BacklogSample: Sendable {
    let backlog: Backlog
    /// Jobs a second; nil until there was a second look.
    let rateIn: Double?
    let rateOut: Double?

    init(_ backlog: Backlog, after earlier: Backlog? = nil) {
        self.backlog = backlog
        guard let earlier, case let seconds = backlog.now.timeIntervalSince(earlier.now), seconds > 0 else {
            rateIn = nil
            rateOut = nil
            return
        }
        func rate(_ names: String...) -> Double {
            let change = names.reduce(0) { $0 + (backlog.totals[$1] ?? 0) - (earlier.totals[$1] ?? 0) }
            return max(0, Double(change) / seconds)
        }
        rateIn = rate("accepted")
        rateOut = rate("completed", "dead", "cancelled")
    }

    /// How long the waiting jobs would take at these rates.
    enum Drain: Equatable {
        case nothingWaits
        case never
        case seconds(Double)
    }

    var drain: Drain? {
        guard backlog.waiting > 0 else { return .nothingWaits }
        guard let rateIn, let rateOut else { return nil }
        guard rateOut > rateIn, !backlog.isPaused else { return .never }
        return .seconds(Double(backlog.waiting) / (rateOut - rateIn))
    }

    var isAtBound: Bool { backlog.isRecording && backlog.events >= backlog.maxEvents }
}
