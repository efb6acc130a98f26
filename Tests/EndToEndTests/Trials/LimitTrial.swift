import Foundation
import NIOCore
import Penstock
import Testing

/// Jobs of 50 keys under some limits, and what these allow.
struct LimitTrial: Sendable, CustomTestStringConvertible {
    let name: String
    let settings: [String: String]
    /// How many of 100 jobs are of the type `slow`.
    var slow = 0
    /// How long the handlers take, in milliseconds.
    var work = Self.isLong ? 150...450 : 20...60
    var kills = false

    var testDescription: String { name }

    /// `scripts/limits` asks for 20,000.
    static let jobs = ProcessInfo.processInfo.environment["PENSTOCK_LIMITS_JOBS"].flatMap(Int.init) ?? 2000
    static let keys = 50
    static var isLong: Bool { jobs >= 10_000 }

    /// About a minute's work, or about a second's. Where a job has two limits one of them has room to spare: if both were needed
    /// in full, only a plan of the whole would come near to what each allows for itself.
    static let all: [LimitTrial] = [
        LimitTrial(name: "keys", settings: ["concurrency:key": "2"]),
        LimitTrial(
            name: "keys and a type", settings: ["concurrency:key": "2", "concurrency:type:slow": "24"], slow: 30),
        LimitTrial(name: "the queue and keys", settings: ["concurrency": "60", "concurrency:key": "2"]),
        LimitTrial(name: "keys in turns", settings: ["concurrency:key": "2", "fair": "yes"]),
        LimitTrial(
            name: "a rate of keys in turns", settings: ["rate:key": isLong ? "5/1000/5" : "40/1000/5", "fair": "yes"],
            work: 5...15),
        LimitTrial(
            name: "rates of keys and a type",
            settings: [
                "rate:key": isLong ? "5/1000/5" : "40/1000/5", "rate:type:slow": isLong ? "75/1000/10" : "600/1000/10",
            ], slow: 20, work: 5...15),
        LimitTrial(name: "keys, while processes are killed", settings: ["concurrency:key": "2"], kills: true),
    ]

    /// A job of the trial: how long its handler takes is known beforehand.
    struct Task: Sendable {
        let id: String
        let key: String
        let type: String
        let milliseconds: Int

        var job: NewJob {
            var job = NewJob(type: type, payload: ByteBuffer(string: "sleep \(milliseconds)"))
            job.id = id
            job.key = key
            return job
        }
    }

    func tasks(by dice: inout Dice) -> [Task] {
        (0..<Self.jobs).map { number in
            Task(
                id: "job-\(number)", key: "k\(number % Self.keys)",
                type: Int.random(in: 0..<100, using: &dice) < slow ? "slow" : "work",
                milliseconds: Int.random(in: work, using: &dice))
        }
    }

    /// The name of the limit that a setting is for such a job; nil if it is none for it.
    static func limit(_ setting: String, key: String, type: String) -> String? {
        let words = setting.split(separator: ":").map(String.init)
        guard words[0] == "concurrency" || words[0] == "rate" else { return nil }
        switch words.count {
        case 1: return setting
        case 2: return "\(setting):\(key)"
        default: return words[2] == type ? setting : nil
        }
    }

    /// The shortest time, in milliseconds, in which all could be done: that of the limit that takes longest for its own jobs,
    /// with every slot taken at every moment, or every turn used.
    func shortest(_ tasks: [Task]) -> Double {
        var longest = 0.0
        for (setting, value) in settings {
            for of in Dictionary(grouping: tasks, by: { Self.limit(setting, key: $0.key, type: $0.type) })
            where of.key != nil {
                if let rate = Rate(value) {
                    longest = max(longest, Double(of.value.count - rate.burst) * rate.interval)
                } else if let slots = Int(value) {
                    longest = max(longest, of.value.reduce(0) { $0 + Double($1.milliseconds) } / Double(slots))
                }
            }
        }
        return longest
    }
}
