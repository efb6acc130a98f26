import ArgumentParser

/// How large the queues of `penstock bench --scale` are.
struct ScaleOptions: ParsableArguments {
    @Flag(help: "Measure what a claim costs Redis in large queues; a figure claims a tenth of --jobs.")
    var scale = false

    @Option(help: "Jobs that wait.")
    var waiting = 1_000_000

    @Option(help: "Keys that have limits, or take turns.")
    var keys = 1000

    @Option(help: "Jobs that a limit has stopped.")
    var parked = 100_000

    func validate() throws {
        try BenchOptions.check(waiting, "waiting", 100...100_000_000)
        try BenchOptions.check(keys, "keys", 1...1_000_000)
        try BenchOptions.check(parked, "parked", 100...100_000_000)
    }
}
