import Foundation
import Testing

/// A page of `docs/`, and what its tables say.
struct Document: Sendable {
    typealias Row = [String: String]

    let name: String
    private let lines: [String]

    init(_ name: String) throws {
        self.name = name
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let text = try String(contentsOf: root.appending(path: "docs/\(name)"), encoding: .utf8)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The rows of the first table below a heading, by the names in its head. Code marks are taken off.
    func table(_ heading: String) throws -> [Row] {
        let start = try #require(
            lines.firstIndex { $0.hasPrefix("#") && $0.drop { $0 == "#" || $0 == " " } == heading },
            "docs/\(name) has no heading \(heading)")
        let table = lines[(start + 1)...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.map(Self.cells)
        let head = try #require(table.first, "docs/\(name) has no table below \(heading)")
        return table.dropFirst(2).map { Row(zip(head, $0), uniquingKeysWith: { first, _ in first }) }
    }

    /// The lines of the first block of code of a language.
    func block(_ language: String) -> [String] {
        Array(lines.drop { $0 != "```\(language)" }.dropFirst().prefix { $0 != "```" })
    }

    private static func cells(_ line: String) -> [String] {
        // `\|` is no border.
        line.replacing("\\|", with: "\u{1}").dropFirst().dropLast().split(
            separator: "|", omittingEmptySubsequences: false
        ).map {
            $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "").replacing("\u{1}", with: "|")
        }
    }
}

extension Document.Row {
    /// The words of a cell that lists some.
    func list(_ column: String) -> [String] {
        (self[column] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
