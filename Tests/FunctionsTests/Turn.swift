import Foundation
import NIOCore
import Redis

/// The reply of `penstock_turn`.
struct Turn: Sendable {
    let now: Int
    let lease: Int
    let next: Int
    let flag: String
    let answers: [String]
    let runs: [Run]

    init?(_ reply: Reply, consumer: String) {
        guard let words = reply.array, words.count >= 5, let count = words[4].integer else { return nil }
        now = words[0].integer ?? -1
        lease = words[1].integer ?? -1
        next = words[2].integer ?? -2
        flag = words[3].string ?? ""
        answers = words[5..<5 + count].map { $0.string ?? "" }
        runs = stride(from: 5 + count, to: words.count, by: 5).map { at in
            Run(
                consumer: consumer, level: words[at].string ?? "", entry: words[at + 1].string ?? "",
                id: words[at + 2].string ?? "", line: words[at + 3].string ?? "",
                payload: words[at + 4].bytes ?? ByteBuffer())
        }
    }
}

/// A claimed run.
struct Run: Sendable {
    let consumer: String
    var level: String
    var entry: String
    var id: String
    let line: String
    let payload: ByteBuffer

    var header: [String: String] { Self.fields(line) }
    var n: String { String(entry.split(separator: "-").last ?? "") }
    var name: [String] { [level, entry, id, n] }

    /// The words of an outcome.
    func ends(_ verb: String, _ arguments: String...) -> [String] { name + ["1000", "5", verb] + arguments }

    var completes: [String] { ends("completed", "") }

    /// The fields of a header as text.
    static func fields(_ line: String) -> [String: String] {
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return (object ?? [:]).mapValues { "\($0)" }
    }
}
