import Foundation

/// Times and ages as people read them.
enum TimeText {
    /// RFC 3339 in UTC with milliseconds.
    static func text(_ date: Date) -> String {
        // Half a microsecond undoes what binary fractions lose.
        date.addingTimeInterval(0.000_000_5).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// The two largest units: `120ms`, `12s`, `4m 02s`, `2h 05m`, `3d 04h`.
    static func age(_ seconds: Double) -> String {
        guard seconds >= 1 else { return "\(Int((max(0, seconds) * 1000).rounded(.down)))ms" }
        guard seconds < 1e9 else { return "years" }
        let whole = Int(seconds)
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m \(two(whole % 60))s"
        case ..<86_400: return "\(whole / 3600)h \(two(whole / 60 % 60))m"
        default: return "\(whole / 86_400)d \(two(whole / 3600 % 24))h"
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
