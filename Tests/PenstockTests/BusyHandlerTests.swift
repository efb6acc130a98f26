import Foundation
import Penstock
import Servers
import Support
import Testing

/// Handlers that compute or block hold up neither the engine nor each other.
@Suite(.serialized, .timeLimit(.minutes(3))) struct BusyHandlerTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    private func rig(lease: Int = 30_000) async throws -> Rig { try await Rig(on: Self.server.get(), lease: lease) }

    @Test func `handlers that compute for several leases lose no lease, their own or another's`() async throws {
        let rig = try await rig(lease: 2000)
        let census = Census()
        let spinners = ProcessInfo.processInfo.activeProcessorCount + 4
        // Of a worker that never comes back: proves that the scheduler does recover what is not renewed.
        let foreign = try await rig.enqueue("quick")
        _ = try await rig.claim(by: "gone")
        let worker = try rig.worker(
            concurrency: spinners + 1,
            [
                "spin": census.handler { _ in
                    let end = ContinuousClock.now + .milliseconds(6500)
                    while ContinuousClock.now < end {}
                    return .none
                },
                "await": census.handler { _ in
                    try await Task.sleep(for: .milliseconds(6500))
                    return .none
                },
                "quick": census.handler(),
            ])
        try await rig.enqueue(count: spinners, "spin")
        try await rig.enqueue("await")
        try await Crew.with(worker, rig.scheduler()) {
            try await until("all complete") { try await rig.hasCompleted(spinners + 2) }
        }
        #expect(census.runs.count == spinners + 2)
        #expect(census.runs.values.allSatisfy { $0 == 1 })
        #expect(try await rig.total("lost") == 0)
        let events = try await rig.events()
        #expect(events.of(.recovered).map(\.jobID) == [foreign])
        #expect(events.of(.completed).count == spinners + 2)
        #expect(events.of(.completed).allSatisfy { $0.header?.crashes == ($0.jobID == foreign ? 1 : 0) })
    }

    @Test func `handlers that block their threads keep no other job from starting, up to the concurrency`()
        async throws
    {
        let rig = try await rig()
        let (census, gate) = (Census(), Gate())
        let worker = try rig.worker(
            concurrency: 12,
            [
                "work": census.handler { _ in
                    gate.block()
                    return .none
                }
            ])
        try await rig.enqueue(count: 40)
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("twelve block their threads") { gate.arrived == 12 }
            gate.open()
            try await until("all complete") { try await rig.hasCompleted(40) }
        }
        #expect(census.most == 12)
        #expect(census.runs.values.allSatisfy { $0 == 1 } && census.runs.count == 40)
    }

    @Test(arguments: [1, 3, 64]) func `never more jobs run at a time than the concurrency`(concurrency: Int)
        async throws
    {
        let rig = try await rig()
        let census = Census()
        let worker = try rig.worker(
            concurrency: concurrency,
            [
                "work": census.handler { _ in
                    await Task.yield()
                    return .none
                }
            ])
        try await rig.enqueue(count: 500)
        try await Crew.with(worker) { try await until("all complete") { try await rig.hasCompleted(500) } }
        #expect(census.most <= concurrency)
        #expect(census.runs.count == 500 && census.begun == 500)
    }
}
