import Foundation
import Penstock

extension [BacklogSample] {
    /// A table with a row for each queue and each of its levels that has something, and below it what a person should know.
    /// - Parameter showsAllLevels: also those that are empty, and the totals.
    func lines(showsAllLevels: Bool) -> [String] {
        var table = Table([
            ("QUEUE", .left), ("LEVEL", .left), ("WAITING", .right), ("RUNNING", .right), ("DELAYED", .right),
            ("PARKED", .right), ("DEAD", .right), ("OLDEST", .right), ("IN/S", .right), ("OUT/S", .right),
            ("DRAINED IN", .right),
        ])
        for sample in self {
            let backlog = sample.backlog
            table.add([
                backlog.queue, "all", "\(backlog.waiting)", "\(backlog.running)", "\(backlog.delayed)",
                "\(backlog.parked)", "\(backlog.dead)", backlog.age(of: backlog.oldest), Self.rate(sample.rateIn),
                Self.rate(sample.rateOut), sample.drainText,
            ])
            for level in backlog.levels where showsAllLevels || level.waiting + level.running > 0 {
                let counts = ["", level.name, "\(level.waiting)", "\(level.running)"]
                table.add(counts + ["", "", "", backlog.age(of: level.oldest), "", "", ""])
            }
        }
        let notes = flatMap { sample in
            sample.notes + (showsAllLevels ? ["\(sample.backlog.queue): \(sample.totals)"] : [])
        }
        return table.lines + (notes.isEmpty ? [] : [""] + notes)
    }

    private static func rate(_ rate: Double?) -> String {
        guard let rate else { return "-" }
        if rate == 0 { return "0" }
        let tenths = Int((rate * 10).rounded())
        return rate < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(rate.rounded()))"
    }
}

extension BacklogSample {
    fileprivate var drainText: String {
        switch drain {
        case nil, .nothingWaits: "-"
        case .never: "never"
        case .seconds(let seconds): TimeText.age(seconds)
        }
    }
}

extension Backlog {
    fileprivate func age(of date: Date?) -> String {
        date.map { TimeText.age(now.timeIntervalSince($0)) } ?? "-"
    }
}
