/// Rows of text, aligned: words to the left, numbers to the right.
struct Table: Sendable {
    enum Alignment: Sendable {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]

    init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    /// Whether it has but its titles.
    var isEmpty: Bool { rows.count == 1 }

    /// A row has a cell for every column.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    var lines: [String] {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blank = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (alignments[column] == .left ? cell + blank : blank + cell)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
