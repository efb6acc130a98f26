import ArgumentParser
import Dispatch
import Foundation
import Penstock

/// `penstock bench`: what this Redis and this machine can do, each figure beside its limit from the same run.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures speed on your own Redis, in queues of its own that it removes.",
        discussion: """
            Beside each figure stands its limit, measured in the same run over the same client: bare commands of Redis, \
            or the same penstock_turn calls from a loop without engine and handlers. The ratio is what tells; \
            absolute figures are of this machine at this minute.

            With --scale it measures instead what a claim costs Redis in queues with very many jobs, keys and parked jobs, \
            beside the same claim in a small queue.
            """)

    @OptionGroup var options: BenchOptions

    @OptionGroup(title: "Scale") var scale: ScaleOptions

    @Flag(help: "Print one line of JSON.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        let showsProgress = Terminal.showsProgress
        let progress = { @Sendable (text: String, part: Double) in
            if showsProgress { Terminal.progress(text, part) }
        }
        let work = Task {
            scale.scale
                ? try await ScaleRun(store: store, options: options, sizes: scale, progress: progress).run()
                : try await BenchRun(store: store, options: options, progress: progress).run()
        }
        // Ctrl-C ends the benchmark, and its queues are removed all the same.
        signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT)
        interrupt.setEventHandler { work.cancel() }
        interrupt.resume()
        defer { interrupt.cancel() }
        let report = try await work.value
        if showsProgress { Terminal.endProgress() }
        await store.shutdown()
        try Terminal.write(json ? [report.json.text] : report.lines)
    }
}
