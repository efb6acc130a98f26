/// Rates as people write them: COUNT/PERIOD or COUNT/PERIOD/BURST, such as `100/1s` or `5000/1h/20`. Without a burst the
/// starts are evenly spaced.
enum RateText {
    /// In the words of `penstock_configure`, which has the period in milliseconds and these bounds; nil if it is no rate.
    static func word(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let count = number(parts[0], upTo: 1_000_000_000),
            let period = DurationText.duration(parts[1]), period > .zero
        else { return nil }
        let spaced = "\(count)/\(DurationText.milliseconds(period))"
        guard parts.count == 3 else { return spaced }
        return number(parts[2], upTo: 1_000_000).map { "\(spaced)/\($0)" }
    }

    /// A word of `penstock_configure` as people write it; as it is when it is none.
    static func text(_ word: String) -> String {
        var parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let milliseconds = Int64(parts[1]) else { return word }
        parts[1] = DurationText.text(.milliseconds(milliseconds))
        return parts.joined(separator: "/")
    }

    private static func number(_ text: Substring, upTo most: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), (1...most).contains(number)
        else { return nil }
        return number
    }
}
