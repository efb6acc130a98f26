import Foundation
import JSON

/// Times and durations as the API writes them.
enum TimeText {
    /// The largest values that the function library takes, in milliseconds: about three years, and the year 2286.
    static let longest = 99_999_999_999
    static let latest = 9_999_999_999_999

    private static let units: [(suffix: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Milliseconds of `500ms`, `10s`, `5m`, `2h`, `1d`; nil for everything else.
    static func milliseconds(_ text: String) -> Int? {
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            let digits = text.dropLast(suffix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits)
            else { continue }
            let (product, isTooMuch) = count.multipliedReportingOverflow(by: factor)
            return isTooMuch ? nil : product
        }
        return nil
    }

    /// Reads RFC 3339, with or without a fraction of a second.
    static func date(_ text: String) -> Date? {
        // The formatter takes more than RFC 3339 does, such as a date without a time.
        guard text.utf8.count >= 20, text.utf8.count <= 40 else { return nil }
        return [true, false].lazy.compactMap { fraction in
            try? Date(
                text, strategy: Date.ISO8601FormatStyle(timeZoneSeparator: .colon, includingFractionalSeconds: fraction)
            )
        }.first
    }

    /// RFC 3339 in UTC with milliseconds.
    static func text(_ date: Date) -> String {
        // The half microsecond undoes what binary fractions lose, and is below what is written.
        date.addingTimeInterval(0.000_000_5).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension JSONText {
    init(_ date: Date?) { self = date.map { .string(TimeText.text($0)) } ?? .null }
}
