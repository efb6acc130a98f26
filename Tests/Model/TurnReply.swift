/// The reply of `penstock_turn`.
struct TurnReply {
    struct Handed {
        let run: KnownRun
        let header: String
        let payload: String
    }

    let next: Int
    let flag: String
    let answers: [String]
    let runs: [Handed]

    init(_ answer: Answer) throws(Mismatch) {
        let words = answer.words
        guard words.count >= 5, let count = Int(words[4]), let next = Int(words[2]) else {
            throw Mismatch("a turn answers \(answer)")
        }
        self.next = next
        flag = words[3]
        answers = Array(words[5..<5 + count])
        runs = stride(from: 5 + count, to: words.count - 4, by: 5).map { at in
            Handed(
                run: KnownRun(id: words[at + 2], stream: words[at], entry: words[at + 1]),
                header: words[at + 3], payload: words[at + 4])
        }
    }
}
