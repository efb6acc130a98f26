/// What the settings of a queue allow.
struct Limits: Equatable {
    enum Limit: Equatable {
        case runs(Int)
        case rate(Rate)
        case pause
    }

    struct Named: Equatable {
        let name: String
        let limit: Limit
    }

    /// A queue's own limits bound what a claim hands out; they stop no job by itself.
    static let ofQueue: Set<String> = ["concurrency", "rate"]

    private var table: [String: Limit] = [:]
    private var retries: [String: Rate] = [:]
    private(set) var lines: [String] = []

    init(_ settings: [String: String]) {
        for (name, value) in settings {
            if name.hasPrefix("retries") {
                retries[String(name.dropFirst("retries:type:".count))] = Rate(value)
            } else if name.hasPrefix("paused:type:") {
                table[name] = .pause
            } else if name.hasPrefix("concurrency"), let number = Int(value), number > 0 {
                table[name] = .runs(number)
            } else if name.hasPrefix("rate"), let rate = Rate(value) {
                table[name] = .rate(rate)
            } else {
                continue
            }
            lines.append("\(name)=\(value)")
        }
        lines.sort()
    }

    subscript(_ name: String) -> Limit? {
        if let own = table[name] { return own }
        // A key without a limit of its own has that of every key.
        for kind in ["concurrency", "rate"] where name.hasPrefix("\(kind):key:") { return table["\(kind):key"] }
        return nil
    }

    func retries(of type: String) -> Rate? { retries[type] ?? retries[""] }

    /// The limits of a job, the queue's own last.
    func of(_ job: Job) -> [Named] {
        var list: [Named] = []
        if job.isSingleton, let unique = job.unique { list.append(Named(name: "singleton:\(unique)", limit: .runs(1))) }
        if table.isEmpty { return list }
        func add(_ name: String) { if let limit = self[name] { list.append(Named(name: name, limit: limit)) } }
        if let key = job.key {
            add("concurrency:key:\(key)")
            add("rate:key:\(key)")
        }
        add("paused:type:\(job.type)")
        add("concurrency:type:\(job.type)")
        add("rate:type:\(job.type)")
        add("concurrency")
        add("rate")
        return list
    }

    /// The most limits that one job could have; two are allowed.
    var most: Int {
        var sum = 0
        for scope in ["", ":type:", ":key"] {
            var counts: [String: Int] = [:]
            for name in table.keys {
                for kind in ["concurrency", "rate"] {
                    let isOfScope = scope == "" ? name == kind : name.hasPrefix("\(kind)\(scope)")
                    if isOfScope { counts[String(name.dropFirst(kind.count)), default: 0] += 1 }
                }
            }
            if scope == ":key" {
                for whose in counts.keys where whose != ":key" {
                    for kind in ["concurrency", "rate"] where table[kind + ":key"] != nil && table[kind + whose] == nil
                    {
                        counts[whose, default: 0] += 1
                    }
                }
            }
            sum += counts.values.max() ?? 0
        }
        return sum
    }
}
