import Foundation

/// Reads `Retry-After` (RFC 9110): a number of seconds, or a date in one of the three forms of HTTP.
enum RetryAfter {
    /// What a server may ask for: not at once, and no later than tomorrow.
    static let bounds = Duration.seconds(1)...Duration.seconds(86_400)

    /// The time to wait, within the bounds; nil for what cannot be read.
    static func pause(_ value: String, now: Date) -> Duration? {
        let value = value.trimmingCharacters(in: .whitespaces)
        let wanted: Duration
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // A number too large to read is a long time.
            wanted = Int64(value).map { .seconds(min($0, 86_400)) } ?? bounds.upperBound
        } else if let date = date(value) {
            wanted = .seconds(max(0, min(date.timeIntervalSince(now), 86_400)))
        } else {
            return nil
        }
        return min(max(wanted, bounds.lowerBound), bounds.upperBound)
    }

    static func date(_ value: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        for form in ["EEE, dd MMM yyyy HH:mm:ss 'GMT'", "EEEE, dd-MMM-yy HH:mm:ss 'GMT'", "EEE MMM d HH:mm:ss yyyy"] {
            formatter.dateFormat = form
            if let date = formatter.date(from: value) { return date }
        }
        return nil
    }
}
