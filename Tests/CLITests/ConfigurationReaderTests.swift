import Foundation
import Receiver
import Support
import Testing

@testable import CLI

@Suite struct ConfigurationReaderTests {
    private static let whole = """
        sources:
          github: { scheme: github, secrets: [env:SECRET] }
        routes:
          - { source: github, event: pull_request, action: [opened, reopened], job: activity, queue: github, priority: high, key: "{repository.full_name}" }
          - { source: github, job: activity, queue: other }
        jobs:
          activity: { handler: github.activity }
          echo: { exec: [cat], timeout: 10s, attempts: 5 }
          remote: { http: { url: "http://127.0.0.1:9000/run", timeout: 500ms } }
        queues:
          github: { lease: 30s, weights: 6:3:1, maxLength: 10, maxEvents: 1000, record: yes }
          idle:
        api: { keys: [env:KEY], memoryMark: 85% }
        """

    @Test func `the whole grammar is read`() throws {
        let result = ConfigurationReader.example.read(Self.whole)
        #expect(result.mistakes == [])
        let configuration = result.configuration
        #expect(configuration.sources.map(\.name) == ["github"])
        #expect(
            configuration.routes == [
                Route(
                    source: "github", events: ["pull_request"], actions: ["opened", "reopened"], type: "activity",
                    queue: "github", priority: .high, key: try KeyTemplate("{repository.full_name}")),
                Route(source: "github", type: "activity", queue: "other"),
            ])
        #expect(
            configuration.jobs == [
                "activity": .init(runner: .handler("github.activity")),
                "echo": .init(runner: .exec(["cat"]), timeout: .seconds(10), attempts: 5),
                "remote": .init(
                    runner: .http(url: "http://127.0.0.1:9000/run", timeout: .milliseconds(500))),
            ])
        #expect(
            configuration.queues["github"] == [
                "lease": "30000", "weights": "6:3:1", "maxLength": "10", "maxEvents": "1000", "record": "yes",
            ])
        #expect(configuration.queueNames == ["github", "idle", "other"])
        #expect(configuration.apiKeys == ["k"])
        #expect(configuration.memoryMark == 0.85)
    }

    @Test func `what is right but probably not meant only warns`() {
        let result = ConfigurationReader.example.read(
            """
            sources:
              github: { scheme: github, secrets: [env:SECRET] }
              unused: { scheme: github, secrets: [env:SECRET] }
            routes:
              - { source: github, job: activity, queue: github }
              - { source: github, event: push, job: activity, queue: github }
            jobs:
              activity: { handler: github.activity }
              echo: { exec: [cat] }
            """)
        #expect(result.mistakes == [])
        #expect(
            result.warnings.lines(in: "f") == [
                "f:3: sources.unused: no route takes from this source; all its deliveries are ignored",
                "f:6: routes[1]: this route is never reached; the one in line 5 takes all that github sends",
                "f:9: jobs.echo: no route names this job type; only the API, the CLI and redis-cli can enqueue it",
            ])
    }

    @Test(arguments: ["", "# nothing\n", "sources:\nroutes:\njobs:\nqueues:\n"])
    func `an empty file and empty sections are a configuration`(yaml: String) {
        let result = ConfigurationReader.example.read(yaml)
        #expect(result.mistakes == [])
        #expect(result.configuration.queueNames == [])
    }

    @Test func `a secret in a file loses the newline at its end, and its path begins at the configuration`() throws {
        let folder = temporaryDirectory()
        try "s3cret\r\n\n".write(toFile: "\(folder)/secret", atomically: true, encoding: .utf8)
        #expect(try Secret.read("file:secret", environment: [:], folder: folder) == "s3cret")
        #expect(try Secret.read("file:\(folder)/secret", environment: [:], folder: "/") == "s3cret")
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("2h", .seconds(7200)),
        ("1d", .seconds(86_400)), ("0s", .zero),
    ])
    func `durations are whole numbers with a unit, and are written as they are read`(text: String, duration: Duration) {
        #expect(DurationText.duration(text) == duration)
        #expect(DurationText.text(duration) == text)
    }

    @Test(arguments: ["", "s", "10", "-1s", "1.5s", "1 s", "1w", "99999999999999999999d", "2000d", "1sec", "١s"])
    func `what is no duration is refused`(text: String) {
        #expect(DurationText.duration(text) == nil)
    }

    @Test(arguments: [("activty", "activity"), ("acitvity", "activity"), ("Activity", "activity"), ("push", nil)])
    func `the nearest name is suggested, and none that is far`(name: String, expected: String?) {
        #expect(Suggestion.nearest(to: name, among: ["activity", "echo"]) == expected)
    }
}
