import Foundation
import Logging
import NIOCore
import Penstock
import Redis

/// One benchmark: the same work several times over, engine and bare calls in turns, and the median of each figure.
struct BenchRun {
    let store: Store
    let options: BenchOptions
    /// Told what is going on and how much of all is done, from 0 to 1.
    let progress: @Sendable (String, Double) -> Void

    private typealias Samples = [String: [Double]]

    func run() async throws -> BenchReport {
        let client = store.separateClient()
        let warnings = try await store.durabilityWarnings()
        var samples: Samples = [:]
        let steps = 10
        for round in 0..<options.runs {
            let queue = try Queue("\(Queue.benchPrefix)\(UUID().uuidString.prefix(8).lowercased())", in: store)
            let load = BenchLoad(
                queue: queue, client: client, concurrency: options.concurrency,
                payload: ByteBuffer(repeating: UInt8(ascii: "x"), count: options.payload))
            var step = 0
            let report = { (text: String) in
                progress(
                    "round \(round + 1) of \(options.runs): \(text)",
                    Double(round * steps + step) / Double(options.runs * steps))
                step += 1
            }
            do {
                try await measure(load, into: &samples, report)
            } catch {
                try? await load.remove()
                throw error
            }
            try await load.remove()
        }
        progress("done", 1)
        await client.shutdown()
        return BenchReport(
            options: options, redis: store.label, warnings: warnings, figures: Self.figures(samples.mapValues(\.median))
        )
    }

    private func measure(_ load: BenchLoad, into samples: inout Samples, _ report: (String) -> Void) async throws {
        let meter = Meter(client: load.client)
        let jobs = options.jobs
        let few = max(1, jobs / 20)
        func rate(_ name: String, _ count: Int, _ work: () async throws -> Void) async throws -> Meter.Span {
            let span = try await meter.measure(work)
            samples[name, default: []].append(Double(count) / span.elapsed)
            return span
        }
        report("enqueue one by one")
        _ = try await rate("xadd.one", few) { try await load.addOneByOne(few) }
        _ = try await rate("enqueue.one", few) { try await load.enqueueOneByOne(few) }
        report("enqueue concurrently")
        _ = try await rate("xadd.many", jobs) { try await load.addConcurrently(jobs) }
        let many = try await rate("enqueue.many", jobs) { try await load.enqueueConcurrently(jobs) }
        samples["cpu.enqueue", default: []].append(many.redis / Double(jobs) * 1e6)
        samples["bytes", default: []].append(Double(try await load.bytes()) / Double(few + jobs))
        report("drain by bare commands")
        _ = try await rate("read.bare", few + jobs) { try await load.readBare() }
        report("drain by bare turns")
        let bare = try await rate("turn.bare", few + jobs) { try await load.turnBare() }
        samples["cpu.bare", default: []].append(bare.redis / Double(few + jobs) * 1e6)
        report("enqueue in batches")
        _ = try await rate("xadd.batch", jobs) { try await load.addInBatches(jobs) }
        _ = try await rate("enqueue.batch", jobs) { try await load.enqueueInBatches(jobs) }
        report("drain by a worker")
        let drain = try await drain(load, meter)
        samples["drain", default: []].append(Double(jobs) / drain.elapsed)
        samples["cpu.drain", default: []].append(drain.redis / Double(jobs) * 1e6)
        report("pick-up by bare calls")
        let bareWaits = try await pickUpBare(load)
        samples["pickup.bare.50", default: []].append(bareWaits.percentile(0.5))
        samples["pickup.bare.99", default: []].append(bareWaits.percentile(0.99))
        report("pick-up by a worker")
        let waits = try await pickUp(load)
        samples["pickup.50", default: []].append(waits.percentile(0.5))
        samples["pickup.99", default: []].append(waits.percentile(0.99))
    }

    /// Drains what waits with a real worker: claim, run, settle, event. Done when the queue has counted every job.
    private func drain(_ load: BenchLoad, _ meter: Meter) async throws -> Meter.Span {
        let before = try await load.queue.backlog()
        let goal = before.waiting
        let done = Countdown(goal)
        let worker = try Worker(
            queues: [load.queue.name], in: store, concurrency: options.concurrency,
            handlers: [
                BenchLoad.type: { _ in
                    done.one(); return .none
                }
            ], logger: Self.quiet)
        return try await meter.measure {
            let work = Task { try await worker.run() }
            await done.wait()
            try Task.checkCancellation()
            while try await load.queue.backlog().running > 0 { try await Task.sleep(for: .milliseconds(2)) }
            work.cancel()
            try await work.value
        }
    }

    private func pickUp(_ load: BenchLoad) async throws -> [Double] {
        let pickUp = PickUp()
        let worker = try Worker(
            queues: [load.queue.name], in: store, concurrency: options.concurrency,
            handlers: [
                BenchLoad.type: { job in
                    pickUp.came(job.id); return .none
                }
            ], logger: Self.quiet)
        let work = Task { try await worker.run() }
        defer { work.cancel() }
        let waits = try await pickUp.run(samplesOfPickUp, rate: options.rate, to: load.queue, load: load)
        work.cancel()
        try await work.value
        return waits
    }

    private func pickUpBare(_ load: BenchLoad) async throws -> [Double] {
        let pickUp = PickUp()
        let count = samplesOfPickUp
        async let bare: Void = load.pickUpBare(count) { pickUp.came($0) }
        let waits = try await pickUp.run(count, rate: options.rate, to: load.queue, load: load)
        try await bare
        return waits
    }

    private var samplesOfPickUp: Int { max(20, Int(options.rate * options.seconds)) }

    private static let quiet = Logger(label: "penstock.bench") { _ in SwiftLogNoOpLogHandler() }

    private static func figures(_ median: [String: Double]) -> [BenchReport.Figure] {
        func value(_ name: String) -> Double { median[name] ?? 0 }
        return [
            .init("enqueue, one by one", "jobs/s", value("enqueue.one"), of: ("XADD, one by one", value("xadd.one"))),
            .init("enqueue, concurrent", "jobs/s", value("enqueue.many"), of: ("XADD, concurrent", value("xadd.many"))),
            .init(
                "enqueue, batches of 100", "jobs/s", value("enqueue.batch"),
                of: ("XADD, pipelined", value("xadd.batch"))),
            .init("drain", "jobs/s", value("drain"), of: ("bare turns of 100", value("turn.bare"))),
            .init("drain", "jobs/s", value("drain"), of: ("XREADGROUP, XACK, XDEL", value("read.bare"))),
            .init("pick-up p50", "ms", value("pickup.50"), of: ("bare bell and turn", value("pickup.bare.50"))),
            .init("pick-up p99", "ms", value("pickup.99"), of: ("bare bell and turn", value("pickup.bare.99"))),
            .init("Redis CPU, enqueue", "us/job", value("cpu.enqueue")),
            .init("Redis CPU, drain", "us/job", value("cpu.drain"), of: ("bare turns of 100", value("cpu.bare"))),
            .init("memory, waiting job", "bytes", value("bytes")),
        ]
    }
}
