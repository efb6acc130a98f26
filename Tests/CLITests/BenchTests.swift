import Foundation
import Logging
import NIOPosix
import Redis
import Servers
import Support
import Testing

/// The benchmark is run small: its figures are nobody's, but it has to come to its end and leave nothing.
@Suite struct BenchTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a measurement at scale holds every kind of queue against a small one`() async throws {
        let program = try await Program.run(
            [
                "bench", "--scale", "--jobs", "1000", "--runs", "2", "--waiting", "2000", "--keys", "100", "--parked",
                "1000",
                "--json",
            ], environment: ["REDIS_URL": try Self.server.get().url])
        #expect(program.code == 0, "\(program.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any]
        let figures = try #require(report?["figures"] as? [[String: Any]])
        #expect(
            figures.compactMap { $0["name"] as? String }
                == [
                    "2000 waiting", "a limit, 1 key", "a limit, 100 keys", "a limit, 1 type stopped",
                    "a limit, 1000 parked",
                    "fair, 1 key", "fair, 100 keys", "let in, few parked", "let in, 1000 parked",
                ].map { "claim and end: \($0)" })
        #expect(try await keys() == ["penstock:library"])
        #expect(figures.allSatisfy { ($0["value"] as? Double ?? 0) > 0 && ($0["ratio"] as? Double ?? 0) > 0 })
    }

    @Test("sizes out of range are refused", arguments: ["--waiting", "--keys", "--parked"])
    func sizes(option: String) async throws {
        let program = try await Program.run(["bench", "--scale", option, "0"])
        #expect(program.code == 64 && program.errors.contains { $0.contains("\(option) is 0") })
    }

    private func keys() async throws -> [String] {
        let client = try Client(
            address: Address(url: Self.server.get().url), eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test"))
        let keys = try await client.send(Command("KEYS", "*")).strings ?? []
        await client.shutdown()
        return keys
    }
}
