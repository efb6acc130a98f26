import Foundation
import Functions
import Redis
import Testing

/// What the source of the function library says, for tests that compare documents with it.
enum LibraryText {
    /// The keys of a table: `local NAME = { key = …, ['key'] = … }`, nested tables aside.
    static func keys(of table: String) -> Set<String> {
        Set(
            body(of: table).matches(of: /(?:^|[{,\n]\s*)(?:\['([\w:-]+)'\]|(\w+)) =/).compactMap { match in
                (match.output.1 ?? match.output.2).map(String.init)
            })
    }

    /// The strings of a table: `local NAME = { 'a', 'b' }`.
    static func words(of table: String) -> [String] {
        body(of: table).matches(of: /'([^']+)'/).map { String($0.output.1) }
    }

    /// The keys and strings of a table: `local NAME = { key = 'value' }`.
    static func pairs(of table: String) -> [String: String] {
        let pairs = body(of: table).matches(of: /(\w+) = '(\w+)'/).map { (String($0.output.1), String($0.output.2)) }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    static func matches(of pattern: Regex<(Substring, Substring)>) -> Set<String> {
        Set(Library.source.matches(of: pattern).map { String($0.output.1) })
    }

    private static func body(of table: String) -> String {
        let lines = Library.source.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("local \(table) = {") }) else { return "" }
        var body = [lines[start].drop { $0 != "{" }]
        if !lines[start].hasSuffix("}") {
            body += lines[(start + 1)...].prefix { $0 != "}" }
        }
        // Comments are no part of it.
        return body.map { $0.split(separator: "--", omittingEmptySubsequences: false)[0] }.joined(separator: "\n")
    }
}

extension TestQueue {
    /// The functions that the server has, without their common prefix, and their flags.
    func functions() async throws -> [String: Set<String>] {
        let list = try #require(
            try await redis("FUNCTION", "LIST", "LIBRARYNAME", Library.name).array?.first?.array)
        let functions = try #require(list.first { $0.array?.first?.array != nil }?.array)
        var found: [String: Set<String>] = [:]
        for function in functions {
            let fields = function.array ?? []
            guard fields.count >= 6, let name = fields[1].string, name.hasPrefix("penstock_") else { continue }
            found[String(name.dropFirst("penstock_".count))] = Set(fields[5].strings ?? [])
        }
        return found
    }
}
