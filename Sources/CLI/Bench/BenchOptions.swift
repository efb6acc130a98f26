import ArgumentParser

/// What a benchmark does.
struct BenchOptions: ParsableArguments {
    @Option(help: "Jobs of each throughput figure.")
    var jobs = 100_000

    @Option(help: "Slots of the worker, and tasks that enqueue at once.")
    var concurrency = 64

    @Option(help: "Bytes of each job's payload.")
    var payload = 200

    @Option(help: "Jobs a second while pick-up is measured.")
    var rate = 100.0

    @Option(help: "Seconds for which pick-up is measured.")
    var seconds = 5.0

    @Option(help: "Each figure is the median of so many runs.")
    var runs = 3

    func validate() throws {
        try Self.check(jobs, "jobs", 100...10_000_000)
        try Self.check(concurrency, "concurrency", 1...10_000)
        try Self.check(payload, "payload", 0...1 << 20)
        try Self.check(runs, "runs", 1...100)
        try Self.check(rate, "rate", 1...10_000)
        try Self.check(seconds, "seconds", 0.1...3600)
    }

    static func check<Number: Comparable>(_ value: Number, _ name: String, _ range: ClosedRange<Number>) throws {
        guard range.contains(value) else {
            throw ValidationError("--\(name) is \(value); it is \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
