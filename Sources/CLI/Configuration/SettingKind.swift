import Penstock

/// What the value of a queue's setting is: as people write it in `penstock.yaml` and on the command line, and in the words
/// of `penstock_configure`. The bounds are those of the function library, which would refuse more only after the start.
enum SettingKind: Sendable, Equatable {
    case duration(ClosedRange<Duration>)
    case bytes
    case number(ClosedRange<Int>, wanted: String)
    /// Runs at a time.
    case concurrency
    case rate
    case weights
    case yesNo
    case word([String])

    /// Those of a queue; all names but of limits.
    static let plain: [(name: String, kind: SettingKind)] = [
        ("lease", .duration(.seconds(1)...(.seconds(86_400)))),
        ("weights", .weights),
        ("policy", .word(["weighted", "strict"])),
        ("fair", .yesNo),
        ("maxLength", .number(0...99_999_999_999, wanted: "a number of jobs; 0 is no limit")),
        ("maxBytes", .bytes),
        ("refuse", .word(Priority.allCases.map(\.name))),
        ("maxEvents", .number(1...99_999_999_999, wanted: "a number of events, 1 or more")),
        ("retention", .duration(.zero...DurationText.longest)),
        ("record", .yesNo),
    ]

    /// Those of a queue and a type; keys have the first two.
    static let limits: [(name: String, kind: SettingKind)] = [
        ("concurrency", .concurrency), ("rate", .rate), ("retries", .rate),
    ]

    /// The kind of a setting by its whole name, such as `lease` or `rate:type:push`; nil if there is no such setting.
    init?(named name: String) {
        let parts = name.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        let first = String(parts[0])
        guard parts.count > 1 else {
            guard let kind = (Self.plain + Self.limits).first(where: { $0.name == first })?.kind else { return nil }
            self = kind
            return
        }
        guard let kind = Self.limits.first(where: { $0.name == first })?.kind else { return nil }
        switch parts[1] {
        case "type" where parts.count == 3 && !parts[2].isEmpty: self = kind
        case "key" where first != "retries" && parts.last?.isEmpty == false: self = kind
        default: return nil
        }
    }

    /// What is asked for, to stand behind "is not" and "it has to be".
    var wanted: String {
        switch self {
        case .duration: "a duration such as 500ms, 10s, 5m, 2h or 1d"
        case .bytes: "a number of bytes such as 1000000, 512KiB or 64MiB; 0 is no limit"
        case .number(_, let wanted): wanted
        case .concurrency: "a number of runs from 1 to 1000000; leave it out for no limit"
        case .rate: "a rate COUNT/PERIOD or COUNT/PERIOD/BURST, such as 100/1s or 5000/1h/20"
        case .weights: "HIGH:NORMAL:LOW, each 1 to 999, such as \"6:3:1\""
        case .yesNo: "yes or no"
        case .word(let words): words.dropLast().joined(separator: ", ") + " or \(words[words.count - 1])"
        }
    }

    /// A person's text in the words of `penstock_configure`.
    /// - Throws: fact and remedy, to stand behind the setting's name.
    func word(_ text: String) throws(OptionFault) -> String {
        if case .duration(let range) = self { return try Self.duration(text, range) }
        let word: String? =
            switch self {
            case .duration: nil
            case .bytes: BytesText.bytes(text).flatMap { $0 <= 99_999_999_999 ? String($0) : nil }
            case .number(let range, _): Int(text).flatMap { range.contains($0) ? String($0) : nil }
            case .concurrency: Int(text).flatMap { (1...1_000_000).contains($0) ? String($0) : nil }
            case .rate: RateText.word(text)
            case .weights: Self.isWeights(text) ? text : nil
            case .yesNo: ["yes": "yes", "true": "yes", "no": "no", "false": "no"][text.lowercased()]
            case .word(let words): words.contains(text) ? text : nil
            }
        guard let word else { throw OptionFault("\(text.quoted) is not \(wanted)") }
        return word
    }

    /// A word of `penstock_configure` as people write it; 0 of a limit is none.
    func text(_ word: String) -> String {
        switch self {
        case .duration: Int64(word).map { DurationText.text(.milliseconds($0)) } ?? word
        case .bytes: Int(word).map(BytesText.text) ?? word
        case .rate: RateText.text(word)
        default: word
        }
    }

    private static func duration(_ text: String, _ range: ClosedRange<Duration>) throws(OptionFault) -> String {
        guard let duration = DurationText.duration(text) else {
            throw OptionFault("\(text.quoted) is no duration; write one such as 500ms, 10s, 5m, 2h or 1d")
        }
        guard range.contains(duration) else {
            throw OptionFault(
                "\(text) is out of bounds; it is from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
            )
        }
        return String(DurationText.milliseconds(duration))
    }

    private static func isWeights(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } && part.first != "0" && (1...3).contains(part.count)
            }
    }
}
