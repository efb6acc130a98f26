import ArgumentParser
import Foundation
import Penstock

extension ParsableArguments {
    /// Names of queues with commas between them, each once.
    static func queues(_ text: String) throws(OptionFault) -> [String] {
        var names: [String] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = try queue(word.trimmed)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    static func queue(_ name: String) throws(OptionFault) -> String {
        guard Queue.isValid(name) else {
            throw OptionFault("\"\(name.prefix(40))\" cannot be a queue's name; use 1 to 128 of A-Z a-z 0-9 . _ / -")
        }
        return name
    }

    static func concurrency(_ text: String) throws(OptionFault) -> Int {
        try number(text, 1...10_000)
    }

    static func number(_ text: String, _ range: ClosedRange<Int>) throws(OptionFault) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw OptionFault("\"\(text.prefix(40))\" is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    static func duration(_ text: String, from least: Duration = .zero) throws(OptionFault) -> Duration {
        guard let duration = DurationText.duration(text), duration >= least else {
            let bound = least > .zero ? ", \(DurationText.text(least)) or more" : ""
            throw OptionFault(
                "\"\(text.prefix(40))\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d\(bound)")
        }
        return duration
    }

    /// One of the words of an enumeration.
    static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ noun: String, among all: [Word] = Array(Word.allCases)
    ) throws(OptionFault) -> Word {
        if let word = all.first(where: { $0.rawValue == text }) { return word }
        let remedy = Suggestion.remedy(for: text, among: all.map(\.rawValue), noun: "known \(noun)s")
        throw OptionFault("there is no \(noun) \(text.quoted); \(remedy)")
    }

    /// A job type.
    static func jobType(_ text: String) throws(OptionFault) -> String {
        let isRight = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isRight, (1...128).contains(text.utf8.count) else {
            throw OptionFault("it cannot be a job type; use 1 to 128 bytes without control characters")
        }
        return text
    }

    static func text(_ text: String, _ range: ClosedRange<Int>) throws(OptionFault) -> String {
        guard range.contains(text.utf8.count) else {
            throw OptionFault(
                "the text has \(text.utf8.count) bytes; write \(range.lowerBound) to \(range.upperBound)")
        }
        return text
    }

    static func priority(_ text: String) throws(OptionFault) -> Priority {
        if let priority = Priority(name: text) { return priority }
        let names = Priority.allCases.map(\.name)
        throw OptionFault(
            "there is no priority \"\(text.prefix(40))\"; \(Suggestion.remedy(for: text, among: names, noun: "priorities"))"
        )
    }

    /// A time such as 2030-01-31T12:00:00Z, or milliseconds since 1970.
    static func date(_ text: String) throws(OptionFault) -> Date {
        if let milliseconds = Int(text), milliseconds >= 0 { return Date(milliseconds: milliseconds) }
        for fraction in [true, false] {
            let style = Date.ISO8601FormatStyle(timeZoneSeparator: .colon, includingFractionalSeconds: fraction)
            if text.count >= 20, let date = try? Date(text, strategy: style) { return date }
        }
        throw OptionFault("\"\(text.prefix(40))\" is no time; write one such as 2030-01-31T12:00:00Z")
    }

    /// NAME=VALUE.
    static func header(_ text: String) throws(OptionFault) -> HeaderOption {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw OptionFault("a header has no name; write --header NAME=VALUE")
        }
        return HeaderOption(name: text[..<equals].lowercased(), value: String(text[text.index(after: equals)...]))
    }
}

/// A header of a job, as `--header` gives it.
struct HeaderOption: Sendable, Equatable {
    let name: String
    let value: String
}
