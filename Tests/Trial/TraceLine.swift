/// One moment of a run, as it is written down: `MOMENT TIME ID KEY LEVEL TYPE WORKER`.
struct TraceLine: Sendable, Equatable {
    enum Moment: String, Sendable {
        case start, end
    }

    var moment: Moment
    /// Nanoseconds of a clock that all processes of the machine share and that nobody can set.
    var at: UInt64
    var id: String
    /// Empty when the job has none.
    var key: String
    var level: String
    var type: String
    /// A worker of the process.
    var worker: Int

    var text: String { "\(moment.rawValue) \(at) \(id) \(key.isEmpty ? "-" : key) \(level) \(type) \(worker)" }

    init(_ moment: Moment, at: UInt64, id: String, key: String, level: String, type: String, worker: Int) {
        self.moment = moment
        self.at = at
        self.id = id
        self.key = key
        self.level = level
        self.type = type
        self.worker = worker
    }

    /// Nil for anything else, such as the torn last line of a killed process.
    init?(text: Substring) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 7, let moment = Moment(rawValue: words[0]), let at = UInt64(words[1]),
            let worker = Int(words[6])
        else { return nil }
        self.init(
            moment, at: at, id: words[2], key: words[3] == "-" ? "" : words[3], level: words[4], type: words[5],
            worker: worker)
    }
}
