import Yams

extension Field {
    /// What a mapping has under the keys that its grammar knows.
    struct Members {
        let field: Field
        private(set) var values: [String: Field] = [:]

        fileprivate init(_ field: Field, _ values: [String: Field]) {
            self.field = field
            self.values = values
        }

        subscript(name: String) -> Field? { values[name] }

        /// A member that has to be there.
        func required(_ name: String, _ remedy: String) -> Field? {
            if let value = values[name] { return value }
            field.mistake("\(name) is missing; \(remedy)")
            return nil
        }
    }

    /// A mapping whose keys are fixed; others are mistakes.
    func members(_ known: [String]) -> Members? {
        guard let entries = entries() else { return nil }
        for entry in entries where !known.contains(entry.name) {
            findings.mistake(
                entry.line, entry.field.path,
                "the key is unknown; \(Suggestion.remedy(for: entry.name, among: known, noun: "known keys"))")
        }
        return Members(self, Dictionary(entries.map { ($0.name, $0.field) }, uniquingKeysWith: { $1 }))
    }

    /// A mapping whose keys are names that the user chose, in the order of the file.
    func named() -> [(name: String, field: Field)]? {
        entries()?.map { ($0.name, $0.field) }
    }

    private struct Entry {
        let name: String
        let field: Field
        /// Of the key; the value may stand in a later one.
        let line: Int
    }

    private func entries() -> [Entry]? {
        // A key with nothing behind it is a section that somebody has emptied.
        if isNull { return [] }
        guard let mapping = node.mapping else { return wrong("a mapping") }
        var entries: [Entry] = []
        var lines: [String: Int] = [:]
        var earlier: [(name: String, line: Int)] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? self.line
            guard let name = key.scalar?.string, !name.isEmpty else {
                findings.mistake(line, path, "a key is no text; write a name before the colon")
                continue
            }
            if let original = YAMLText.original(name) {
                earlier.append((original, line))
                continue
            }
            lines[name] = line
            let inner = path.isEmpty ? name : "\(path).\(name)"
            let field = Field(value, path: inner, line: line, findings)
            entries.append(Entry(name: name, field: field, line: line))
        }
        for (name, line) in earlier {
            findings.mistake(
                lines[name] ?? line, path.isEmpty ? name : "\(path).\(name)",
                "the key is given twice, first in line \(line); keep one")
        }
        return entries
    }
}
