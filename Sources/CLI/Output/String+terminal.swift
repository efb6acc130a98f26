extension String {
    /// Newlines made visible, for texts that come from elsewhere.
    var oneLine: String {
        guard contains(where: \.isNewline) else { return self }
        return split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// Cut for a cell of a table.
    func cut(_ limit: Int) -> String { count > limit ? prefix(limit - 1) + "…" : self }

    /// Without control characters but newline and tab, and without those that turn the direction of writing: payloads and
    /// errors come from strangers, and a terminal obeys what it is shown.
    var harmless: String {
        func steers(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isBidiControl
                || scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        }
        guard unicodeScalars.contains(where: steers) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { steers($0) ? "\u{FFFD}" : $0 }))
    }
}
