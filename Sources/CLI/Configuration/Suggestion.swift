/// "Did you mean": the known name that is nearest to what somebody wrote.
enum Suggestion {
    /// A remedy for an unknown name, to stand behind the fact.
    static func remedy(for name: String, among known: [String], noun: String) -> String {
        if let nearest = nearest(to: name, among: known) { return "did you mean \"\(nearest)\"?" }
        if known.isEmpty { return "define it first" }
        return "\(noun) are \(known.prefix(12).joined(separator: ", "))\(known.count > 12 ? ", …" : "")"
    }

    /// Nil when nothing is near: a wrong suggestion is worse than none.
    static func nearest(to name: String, among known: [String]) -> String? {
        let limit = name.count < 3 ? 0 : max(1, name.count / 3)
        return known.map { (name: $0, distance: distance(name, $0)) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Insertions, deletions, changes and swaps of neighbours that lead from one word to the other, case aside.
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.lowercased())
        let b = Array(right.lowercased())
        var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { table[i][0] = i }
        for j in 0...b.count { table[0][j] = j }
        for i in a.indices {
            for j in b.indices {
                let change = table[i][j] + (a[i] == b[j] ? 0 : 1)
                var best = min(table[i][j + 1] + 1, table[i + 1][j] + 1, change)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, table[i - 1][j - 1] + 1) }
                table[i + 1][j + 1] = best
            }
        }
        return table[a.count][b.count]
    }
}
