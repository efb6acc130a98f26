import Foundation
import JSON
import NIOCore
import Penstock

/// The members of a JSON object that a request has sent. A name that we do not know is a mistake: `prioritiy` must not
/// become a normal job.
struct Form {
    private let members: [String: RawJSON]

    /// - Parameter known: the names that may be there.
    /// - Throws: `Problem` 400 for any other name, and for one that is given twice.
    init(_ object: RawJSON, known: [String]) throws(Problem) {
        guard object.kind == .object else { throw Self.mistake("the body", "one JSON object") }
        var members: [String: RawJSON] = [:]
        var problem: Problem?
        object.visitMembers { name, value in
            if !known.contains(name) {
                problem = Self.unknown("field", name, known)
            } else if members.updateValue(value, forKey: name) != nil {
                problem = Problem(.badRequest, "the field \(name) is given twice; give it once")
            }
            return problem == nil
        }
        if let problem { throw problem }
        self.members = members
    }

    /// Of a body; none at all is an object without members.
    init(body: ByteBuffer, known: [String]) throws(Problem) {
        let text = body.readableBytes == 0 ? ByteBuffer(string: "{}") : body
        let json: RawJSON
        do throws(JSONFault) { json = try RawJSON(text) } catch { throw Problem(.badRequest, error.description) }
        try self.init(json, known: known)
    }

    /// Of a target's query, as HTML forms write it.
    /// - Parameter numbers: names whose values are numbers when they are all digits.
    init(query target: String, known: [String], numbers: Set<String>) throws(Problem) {
        var members: [String: RawJSON] = [:]
        let query = target.drop { $0 != "?" }.dropFirst()
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let words = parts.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard words.count == 2, let name = words[0], let text = words[1] else {
                throw Problem(.badRequest, "the query is no list of NAME=VALUE in percent-encoding; write it so")
            }
            guard known.contains(name) else { throw Self.unknown("parameter", name, known) }
            let isNumber = numbers.contains(name) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let number = isNumber ? try? RawJSON(ByteBuffer(string: text)) : nil
            // What `JSONText` writes is JSON.
            guard let value = number ?? (try? RawJSON(JSONText.string(text).buffer)) else { continue }
            guard members.updateValue(value, forKey: name) == nil else {
                throw Problem(.badRequest, "the parameter \(name) is given twice; give it once")
            }
        }
        self.members = members
    }

    /// What stands there, null included.
    func raw(_ name: String) -> RawJSON? { members[name] }

    /// The names that are there, null included.
    var names: [String] { members.keys.sorted() }

    /// Whether there is a value other than null.
    func has(_ name: String) -> Bool { value(name) != nil }

    /// Null is what many encoders write for a value that is not there; only a payload can be null.
    private func value(_ name: String) -> RawJSON? {
        members[name].flatMap { $0.kind == .null ? nil : $0 }
    }

    /// A string without control characters.
    func printable(_ name: String, limit: Int) throws(Problem) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, (1...limit).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw Self.mistake(name, "a string of 1 to \(limit) bytes without control characters")
        }
        return text
    }

    /// Any string.
    func text(_ name: String, limit: Int) throws(Problem) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, (1...limit).contains(text.utf8.count) else {
            throw Self.mistake(name, "a string of 1 to \(limit) bytes")
        }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = Self.whole(value), range.contains(number) else {
            throw Self.mistake(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// One of the words of an enumeration.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: Word.Type) throws(Problem) -> Word?
    {
        guard let value = value(name) else { return nil }
        guard let word = value.string.flatMap(Word.init) else {
            let words = Word.allCases.map(\.rawValue)
            throw Self.mistake(name, "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")")
        }
        return word
    }

    func priority(_ name: String) throws(Problem) -> Priority? {
        guard let value = value(name) else { return nil }
        guard let priority = Priority(name: value.string ?? Self.whole(value).map(String.init) ?? "") else {
            throw Self.mistake(name, "critical, high, normal or low (0 to 3)")
        }
        return priority
    }

    func duration(_ name: String, from least: Int) throws(Problem) -> Duration? {
        guard let value = value(name) else { return nil }
        guard let milliseconds = Self.whole(value) ?? value.string.flatMap(TimeText.milliseconds),
            (least...TimeText.longest).contains(milliseconds)
        else {
            throw Self.mistake(
                name,
                "a duration such as 500ms, 10s, 5m, 2h or 1d, or milliseconds from \(least) to \(TimeText.longest)")
        }
        return .milliseconds(milliseconds)
    }

    func time(_ name: String) throws(Problem) -> Date? {
        guard let value = value(name) else { return nil }
        let milliseconds =
            Self.whole(value)
            ?? value.string.flatMap(TimeText.date).map { Int(($0.timeIntervalSince1970 * 1000).rounded()) }
        guard let milliseconds, (0...TimeText.latest).contains(milliseconds) else {
            throw Self.mistake(name, "a time such as 2030-01-31T12:00:00Z, or milliseconds since 1970")
        }
        return Date(milliseconds: milliseconds)
    }

    /// A number without a fraction, also where somebody's encoder writes `10.0`: in JSON that is the same number.
    private static func whole(_ value: RawJSON) -> Int? {
        value.integer ?? value.number.flatMap(Double.init).flatMap { Int(exactly: $0) }
    }

    static func mistake(_ name: String, _ wanted: String) -> Problem {
        Problem(.badRequest, "\(name) is wrong; it has to be \(wanted)")
    }

    private static func unknown(_ kind: String, _ name: String, _ known: [String]) -> Problem {
        let remedy = known.isEmpty ? "none is known here" : "known are \(known.joined(separator: ", "))"
        return Problem(.badRequest, "the \(kind) \(name.prefix(40)) is unknown; \(remedy)")
    }
}
