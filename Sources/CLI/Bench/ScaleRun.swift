import Foundation
import NIOCore
import Penstock
import Redis

/// What a claim costs Redis in large queues: in each kind of queue the same claims and ends by bare turns of 100, in turns with
/// those that they are held against.
struct ScaleRun {
    let store: Store
    let options: BenchOptions
    let sizes: ScaleOptions
    /// Told what is going on and how much of all is done, from 0 to 1.
    let progress: @Sendable (String, Double) -> Void

    func run() async throws -> BenchReport {
        let client = store.separateClient()
        let cases = ScaleCase.all(sizes)
        var figures: [BenchReport.Figure] = []
        for (number, kind) in cases.enumerated() {
            progress(kind.name, Double(number) / Double(cases.count))
            guard let base = cases.first(where: { $0.name == kind.base }) else { continue }
            let (value, limit) = try await compare(kind, with: base, client)
            figures.append(
                BenchReport.Figure("claim and end: \(kind.name)", "us/job", value.median, of: (base.name, limit.median))
            )
        }
        progress("done", 1)
        let warnings = try await store.durabilityWarnings()
        await client.shutdown()
        return BenchReport(options: options, redis: store.label, warnings: warnings, figures: figures)
    }

    /// Microseconds of Redis's processor a job, of as many runs as were asked for.
    private func compare(
        _ kind: ScaleCase, with base: ScaleCase, _ client: Client
    ) async throws -> (value: [Double], limit: [Double]) {
        // Those that are let in one by one need as many parked jobs, and the small queue is to have few.
        let count = max(
            100, kind.settings["concurrency:key"] == "1" ? min(options.jobs / 10, sizes.keys) : options.jobs / 10)
        var limit = try await load(client)
        var value = try await load(client)
        do {
            var samples: (value: [Double], limit: [Double]) = ([], [])
            try await prepare(&limit, base, count * options.runs)
            try await prepare(&value, kind, count * options.runs)
            for _ in 0..<options.runs {
                samples.limit.append(try await cost(&limit, count))
                samples.value.append(try await cost(&value, count))
            }
            try await limit.remove()
            try await value.remove()
            return samples
        } catch {
            try? await limit.remove()
            try? await value.remove()
            throw error
        }
    }

    private func load(_ client: Client) async throws -> ScaleLoad {
        let name = "\(Queue.benchPrefix)\(UUID().uuidString.prefix(8).lowercased())"
        return ScaleLoad(
            queue: try Queue(name, in: store), client: client,
            payload: ByteBuffer(repeating: UInt8(ascii: "x"), count: options.payload))
    }

    private func prepare(_ load: inout ScaleLoad, _ kind: ScaleCase, _ count: Int) async throws {
        _ = try await load.queue.configure(kind.settings)
        try await kind.setup(&load, count)
    }

    private func cost(_ load: inout ScaleLoad, _ count: Int) async throws -> Double {
        let meter = Meter(client: load.client)
        let before = try await meter.processorTime()
        try await load.claim(count)
        return (try await meter.processorTime() - before) / Double(count) * 1e6
    }
}
