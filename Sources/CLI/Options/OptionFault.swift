/// What is wrong with the value of an option: fact and remedy, to stand behind the option's name.
struct OptionFault: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension String {
    /// Short enough for a line, and in quotes.
    var quoted: String { "\"\(prefix(40))\(count > 40 ? "…" : "")\"" }
}

extension Substring {
    /// Without blanks around it.
    var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
