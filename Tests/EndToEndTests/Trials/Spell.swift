@testable import Trial

/// What one handler did: it began, and ended unless its process was killed. Times are nanoseconds of a clock that all
/// processes of the machine share.
struct Spell: Sendable {
    let id: String
    let key: String
    let level: String
    let type: String
    let start: UInt64
    var end: UInt64?

    /// The spells of one process, from its trace.
    static func all(in trace: String) -> [Spell] {
        var spells: [Spell] = []
        // A process runs a job once at a time, unless it lost the first run without hearing of it; then another worker has it.
        var open: [String: Int] = [:]
        for line in trace.split(separator: "\n").compactMap({ TraceLine(text: $0) }) {
            let name = "\(line.worker) \(line.id)"
            switch line.moment {
            case .start:
                open[name] = spells.count
                spells.append(
                    Spell(id: line.id, key: line.key, level: line.level, type: line.type, start: line.at, end: nil))
            case .end:
                if let index = open.removeValue(forKey: name) { spells[index].end = line.at }
            }
        }
        return spells
    }
}

extension Sequence<Spell> {
    /// How many handlers each job had.
    var counts: [String: Int] { Dictionary(map { ($0.id, 1) }, uniquingKeysWith: +) }
}
