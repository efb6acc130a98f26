import Yams

/// A file's text as a tree of nodes that know their lines.
enum YAMLText {
    /// What stands before a key that its mapping has twice.
    ///
    /// The parser gives up at such a key, which would hide all mistakes but one. So the first of the two is renamed in
    /// the text, which moves no line, and the text is parsed again; whoever reads the mapping finds both.
    static let twice = "given-twice-"

    /// Nil for an empty file, and when the text is no YAML, which is then found.
    static func node(_ text: String, _ findings: Findings) -> Node? {
        var text = text
        var renamed: Set<Place> = []
        while true {
            do {
                return try Parser(yaml: text).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let place = Place(line: context.mark.line, column: context.mark.column)
                guard renamed.insert(place).inserted, let next = renaming(text, at: place, number: renamed.count) else {
                    findings.mistake(
                        place.line, "", "the keys \(names.joined(separator: ", ")) are given twice; keep one")
                    return nil
                }
                text = next
            } catch {
                let (line, problem) = explained(error)
                findings.mistake(
                    line, "", "the file is no YAML: \(problem); check indentation, colons and quotes there")
                return nil
            }
        }
    }

    /// The name of a key that was renamed, or nil.
    static func original(_ key: String) -> String? {
        guard key.hasPrefix(twice) else { return nil }
        return key.dropFirst(twice.count).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).last
            .map(
                String.init)
    }

    private struct Place: Hashable {
        let line: Int
        let column: Int
    }

    private static func renaming(_ text: String, at place: Place, number: Int) -> String? {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        guard lines.indices.contains(place.line - 1) else { return nil }
        var column = place.column - 1
        guard lines[place.line - 1].indices.contains(column) else { return nil }
        if "\"'".unicodeScalars.contains(lines[place.line - 1][column]) { column += 1 }
        lines[place.line - 1].insert(contentsOf: Array("\(twice)\(number)-".unicodeScalars), at: column)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: lines.joined(separator: ["\n"]))
        return String(view)
    }

    private static func explained(_ error: any Error) -> (line: Int, problem: String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            // Where a bracket or a quote was opened says more than where its absence was noticed.
            let begun = context.map { $0.mark.line != mark.line ? " (\($0.text) of line \($0.mark.line))" : "" } ?? ""
            return (mark.line, problem + begun)
        case .reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            return (before.count(where: \.isNewline) + 1, problem)
        default: return (1, "the parser failed")
        }
    }
}
