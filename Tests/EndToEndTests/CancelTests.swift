import Foundation
import NIOCore
import NIOPosix
import Penstock
import Support
import Synchronization
import Testing

extension EndToEnd {
    /// A running job is cancelled by a process that is not its worker.
    @Suite struct CancelTests {
        @Test func `a command gets SIGTERM, its slot is free, and the job is recorded as cancelled`() async throws {
            let polite = """
                polite: { exec: [bash, -c, "trap 'echo asked > FOLDER/$PENSTOCK_JOB_ID; exit 0' TERM; \
                echo > FOLDER/$PENSTOCK_JOB_ID.runs; while :; do sleep 0.02; done"] }
                """
            try await Plant.with(jobs: [polite], lease: "3s") { plant in
                _ = try await plant.started("worker")
                _ = try await plant.started("scheduler,sink")
                _ = try await plant.redisCLI([
                    "FCALL", "penstock_configure", "1", plant.queue, "concurrency:type:polite", "1",
                ])
                for id in ["first", "second"] { try await Self.enqueue("polite", id, plant) }
                try await eventually("the first") { Self.has("first.runs", plant) }
                #expect(try await plant.backlog().running == 1)
                #expect(try await plant.penstock("cancel", "first").output == "cancelling first\n")
                try await eventually("the second, in its slot") { Self.has("second.runs", plant) }
                #expect(Self.has("first", plant))
                try await eventually("the row") {
                    await plant.count("jobs", where: "id = 'first' AND state = 'cancelled'") == 1
                }
                #expect(try await plant.backlog().slots == ["concurrency:type:polite": 1])
                #expect(try await plant.penstock("cancel", "second").code == 0)
                try await eventually("the end") { try await plant.backlog().totals["cancelled"] == 2 }
                #expect(try await plant.backlog().slots.isEmpty)
            }
        }

        @Test func `a command that ignores SIGTERM is killed, with what it started`() async throws {
            let stubborn = """
                stubborn: { exec: [bash, -c, "trap '' TERM; sleep 1000 & echo $! > FOLDER/child; \
                echo $$ > FOLDER/pid; while :; do sleep 0.1; done"] }
                """
            try await Plant.with(jobs: [stubborn], lease: "3s") { plant in
                _ = try await plant.started("worker,scheduler,sink")
                try await Self.enqueue("stubborn", "a", plant)
                var family: [pid_t] = []
                try await eventually("the command") {
                    family = ["pid", "child"].compactMap { Self.pid($0, plant) }
                    return family.count == 2
                }
                #expect(try await plant.penstock("cancel", "a").code == 0)
                try await eventually("the row") { await plant.count("jobs", where: "state = 'cancelled'") == 1 }
                try await eventually("the end of the command") { family.allSatisfy(isGone) }
            }
        }

        @Test func `the connection of an HTTP call is closed`() async throws {
            let connections = Connections()
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.pipeline.addHandler(connections.watch())
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let url = "http://127.0.0.1:\(server.localAddress?.port ?? 0)/"
            try await Plant.with(jobs: ["call: { http: { url: \"\(url)\" } }"], lease: "3s") { plant in
                _ = try await plant.started("worker,scheduler,sink")
                try await Self.enqueue("call", "a", plant)
                try await eventually("the call") { connections.opened == 1 }
                #expect(connections.closed == 0)
                #expect(try await plant.penstock("cancel", "a").code == 0)
                try await eventually("the end of the connection") { connections.closed == 1 }
                try await eventually("the row") { await plant.count("jobs", where: "state = 'cancelled'") == 1 }
            }
            try await server.close()
        }

        private static func enqueue(_ type: String, _ id: String, _ plant: Plant) async throws {
            _ = try await plant.redisCLI(["FCALL", "penstock_enqueue", "1", plant.queue, type, "{}", "id", id])
        }

        private static func has(_ file: String, _ plant: Plant) -> Bool {
            FileManager.default.fileExists(atPath: "\(plant.folder)/\(file)")
        }

        private static func pid(_ file: String, _ plant: Plant) -> pid_t? {
            (try? String(contentsOfFile: "\(plant.folder)/\(file)", encoding: .utf8))
                .flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
    }
}

/// Connections of a server that never answers.
private final class Connections: Sendable {
    private let counts = Mutex((opened: 0, closed: 0))

    var opened: Int { counts.withLock { $0.opened } }
    var closed: Int { counts.withLock { $0.closed } }

    func watch() -> any ChannelInboundHandler & Sendable { Watch(connections: self) }

    private final class Watch: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let connections: Connections

        init(connections: Connections) { self.connections = connections }

        func channelActive(context: ChannelHandlerContext) { connections.counts.withLock { $0.opened += 1 } }
        func channelInactive(context: ChannelHandlerContext) { connections.counts.withLock { $0.closed += 1 } }
    }
}
