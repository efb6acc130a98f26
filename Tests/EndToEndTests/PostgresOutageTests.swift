import Foundation
import NIOCore
import Support
import Testing

@testable import Servers

extension EndToEnd {
    @Suite struct PostgresOutageTests {
        @Test func `while Postgres hangs or is gone jobs go on, and every record arrives afterwards, once`()
            async throws
        {
            let postgres = try PostgresServer.started()
            try await Plant.with(postgres: postgres) { plant in
                let process = try await plant.started("all")
                let feed = Feed(process: process, queue: plant.queue, type: "activity")
                try await feed.send(0..<200)
                try await Self.recorded(200, plant)

                async let before: Void = feed.send(200..<400)
                postgres.suspend()
                try await before
                try await eventually("jobs that end while Postgres hangs") { await plant.completed() == 400 }
                postgres.resume()
                try await Self.recorded(400, plant)

                async let during: Void = feed.send(400..<600)
                postgres.kill()
                try await during
                try await eventually("jobs that end while Postgres is gone") { await plant.completed() == 600 }
                #expect(try await HTTP.get("\(process.url)/readyz").status == 503)
                try postgres.start()
                try await Self.recorded(600, plant)
                try await process.ready()
            }
        }

        private static func recorded(_ jobs: Int, _ plant: Plant) async throws {
            try await eventually("\(jobs) rows") { await plant.count("jobs", where: "state = 'completed'") == jobs }
            try await eventually("no event left") { try await plant.backlog().events == 0 }
            #expect(await plant.count("jobs") == jobs)
            #expect(await plant.count("attempts") == jobs)
        }
    }
}
