import Yams

/// A value in the file, with its name and its place: what each reading needs to say what is wrong where.
///
/// Every reading returns nil when it has reported a mistake.
struct Field {
    let node: Node
    let path: String
    let line: Int
    let findings: Findings

    init(_ node: Node, path: String, line: Int? = nil, _ findings: Findings) {
        self.node = node
        self.path = path
        self.line = node.mark?.line ?? line ?? 1
        self.findings = findings
    }

    @discardableResult
    func mistake(_ text: String) -> Void? {
        findings.mistake(line, path, text)
        return nil
    }

    /// Nothing stands behind the colon, or `null`.
    var isNull: Bool {
        guard let scalar = node.scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Any scalar but null, as it is written.
    func text(_ wanted: String = "a text") -> String? {
        guard let scalar = node.scalar, !isNull else { return wrong(wanted) }
        return scalar.string
    }

    func integer(_ range: ClosedRange<Int>, _ wanted: String) -> Int? {
        guard let text = text(wanted) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            mistake("\(shown(text)) is not \(wanted)")
            return nil
        }
        return number
    }

    func duration(_ range: ClosedRange<Duration> = .milliseconds(1)...DurationText.longest) -> Duration? {
        let wanted = "a duration such as 500ms, 10s, 5m, 2h or 1d"
        guard let text = text(wanted) else { return nil }
        guard let duration = DurationText.duration(text) else {
            mistake("\(shown(text)) is no duration; write one such as 500ms, 10s, 5m, 2h or 1d")
            return nil
        }
        guard range.contains(duration) else {
            mistake(
                "\(text) is out of bounds; it is from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
            )
            return nil
        }
        return duration
    }

    /// The elements of a list.
    func list(_ wanted: String) -> [Field]? {
        guard let sequence = node.sequence else { return wrong(wanted) }
        return sequence.enumerated().map { index, node in
            Field(node, path: "\(path)[\(index)]", line: line, findings)
        }
    }

    /// One text, or a list of at least one.
    func texts() -> [String]? {
        let wanted = "a text or a list of texts"
        if node.scalar != nil { return text(wanted).map { [$0] } }
        guard let fields = list(wanted) else { return nil }
        let texts = fields.compactMap { $0.text() }
        guard !fields.isEmpty else {
            mistake("the list is empty and would match nothing; leave the key out to match all")
            return nil
        }
        return texts.count == fields.count ? texts : nil
    }

    func wrong<Value>(_ wanted: String) -> Value? {
        let found =
            switch node {
            case _ where isNull: "is empty"
            case .scalar(let scalar): "is the text \(shown(scalar.string))"
            case .mapping: "is a mapping"
            case .sequence: "is a list"
            case .alias: "is an alias"
            }
        mistake("\(found); it has to be \(wanted)")
        return nil
    }

    /// Short enough for a line, and in quotes.
    func shown(_ text: String) -> String { text.quoted }
}
