/// Durations as people write them: `500ms`, `10s`, `5m`, `2h`, `1d`.
enum DurationText {
    /// The largest that the function library takes, about three years.
    static let longest = Duration.milliseconds(99_999_999_999)

    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Nil unless the text is a whole number with one of the five units.
    static func duration(_ text: some StringProtocol) -> Duration? {
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            let digits = text.dropLast(suffix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
            else { continue }
            let (product, isTooMuch) = count.multipliedReportingOverflow(by: factor)
            guard !isTooMuch, .milliseconds(product) <= longest else { return nil }
            return .milliseconds(product)
        }
        return nil
    }

    /// The shortest way to write it, in the largest unit that divides it.
    static func text(_ duration: Duration) -> String {
        let milliseconds = milliseconds(duration)
        guard milliseconds != 0, let unit = units.last(where: { milliseconds.isMultiple(of: $0.milliseconds) }) else {
            return "0s"
        }
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }

    static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
