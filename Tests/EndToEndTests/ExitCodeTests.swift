import Foundation
import Support
import Testing

@testable import Servers

extension EndToEnd {
    @Suite struct ExitCodeTests {
        @Test func `a wrong configuration ends with 64 and a line with its place for each mistake`() async throws {
            try await Plant.with { plant in
                let yaml = """
                    sources:
                      github: { scheme: github, secrets: [env:UNSET_SECRET] }
                    routes:
                      - { source: github, job: activty, queue: github }
                    jobs:
                      activity: { handler: github.activity, timeout: soon }
                    colour: blue

                    """
                try yaml.write(toFile: plant.configuration, atomically: true, encoding: .utf8)
                for command in ["run", "check"] {
                    let finished = try await plant.penstock(command)
                    #expect(finished.code == 64)
                    let places = finished.lines.map { line in
                        line.split(separator: ":").dropFirst().prefix(2).map { $0.trimmingCharacters(in: .whitespaces) }
                    }
                    #expect(
                        places == [
                            ["2", "sources.github.secrets[0]"], ["4", "routes[0].job"], ["6", "jobs.activity.timeout"],
                            ["7", "colour"],
                        ], "\(finished.errors)")
                    #expect(finished.lines.allSatisfy { $0.hasPrefix("\(plant.configuration):") })
                }
            }
        }

        static let usages = [
            ["run", "--colour"], ["run", "--concurrency", "0"], ["run", "--role", "boss"], ["run", "--grace", "soon"],
            ["run", "--listen", "nowhere"], ["run", "--config", "/no/such/file"], ["run", "--redis-url", "http://x"],
            ["run", "--database-url", "nonsense"], ["enqueue"], ["enqueue", "a b", "echo"],
            ["enqueue", "github", "echo", "{}", "--priority", "hihg"], ["frobnicate"], ["job"],
            // Without a key the API would be open to everybody.
            ["run", "--listen", "0.0.0.0:1"],
        ]

        @Test(arguments: usages) func `wrong arguments end with 64 and one line`(arguments: [String]) async throws {
            let folder = temporaryDirectory()
            let finished = try await Finished.run(Product.path.get(), arguments, in: folder)
            #expect(finished.code == 64)
            #expect(finished.lines.count == 1, "\(finished.errors)")
            #expect(finished.output.isEmpty)
        }

        @Test func `the role sink without DATABASE_URL ends with 64, and all only warns`() async throws {
            let folder = temporaryDirectory()
            let named = try await Finished.run(Product.path.get(), ["run", "--role", "sink"], in: folder)
            #expect(named.code == 64)
            #expect(named.lines.count == 1 && named.errors.contains("DATABASE_URL"), "\(named.errors)")
            try "jobs: { echo: { exec: [cat] } }\n".write(
                toFile: "\(folder)/penstock.yaml", atomically: true, encoding: .utf8)
            let checked = try await Finished.run(Product.path.get(), ["check", "--role", "all"], in: folder)
            #expect(checked.code == 0)
            #expect(checked.errors.contains("DATABASE_URL"), "\(checked.errors)")
        }

        /// Five seconds of patience, and some for the process itself on a busy machine.
        @Test func `a command whose server is away waits a little, then ends with 69 and one line`() async throws {
            let folder = temporaryDirectory()
            let redis = ["--redis-url", "unix://\(folder)/none.sock"]
            let commands = [
                ["enqueue", "github", "echo", "{}"] + redis, ["backlog", "--json"] + redis, ["job", "x"] + redis,
                ["migrate", "--database-url", "postgresql:///penstock?host=\(folder)"],
            ]
            let begin = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for command in commands {
                    group.addTask {
                        let finished = try await Finished.run(Product.path.get(), command, in: folder)
                        #expect(finished.code == 69, "\(command) \(finished.errors)")
                        #expect(finished.lines.count == 1, "\(command) \(finished.errors)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(ContinuousClock.now - begin < .seconds(10))
        }

        @Test func `run waits for servers that are away, says so once for each, and starts when they come`()
            async throws
        {
            let redis = RedisServer(directory: "\(temporaryDirectory())/redis")
            let postgres = PostgresServer(directory: "\(temporaryDirectory())/postgres", durable: false)
            try await Plant.with(redis: redis, postgres: postgres) { plant in
                let process = try plant.start("all")
                func said(_ server: String) -> Int {
                    process.log.split(separator: "\n").count { $0.contains("\(server) is away") }
                }
                try await eventually("a line about Redis") { said("Redis") > 0 }
                #expect(try await HTTP.get("\(process.url)/healthz").status == 200)
                #expect(try await HTTP.get("\(process.url)/readyz").status == 503)
                try redis.start()
                try await eventually("a line about Postgres") { said("Postgres") > 0 }
                #expect(try await Delivery.push.post(to: process).status == 202)
                try await eventually("a job that ends without Postgres") { await plant.completed() == 1 }
                #expect(try await HTTP.get("\(process.url)/readyz").status == 503)
                try postgres.start()
                try await process.ready()
                try await eventually("the row") { await plant.count("jobs", where: "state = 'completed'") == 1 }
                #expect(said("Redis") == 1 && said("Postgres") == 1, "\(process.log)")
            }
        }
    }
}
