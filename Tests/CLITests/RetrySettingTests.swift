import Penstock
import Testing

@testable import CLI

/// Retries and heartbeats of job types in `penstock.yaml`.
@Suite struct RetrySettingTests {
    private struct Broken: Error, CustomStringConvertible { let description: String }

    private func type(_ yaml: String) throws -> JobType {
        let result = ConfigurationReader.example.read("jobs: { t: { exec: [cat], \(yaml) } }")
        #expect(result.mistakes == [])
        return try #require(Handlers.types(result.configuration)["t"])
    }

    @Test(arguments: [
        ("exponential: 10s", RetryPolicy.Pauses.exponential(base: .seconds(10))),
        ("linear: 1m", .linear(step: .seconds(60))),
        ("fixed: [0s, 1s, 1h]", .fixed([.zero, .seconds(1), .seconds(3600)])),
    ])
    func `pauses are one of three kinds`(yaml: String, pauses: RetryPolicy.Pauses) throws {
        let policy = try type("retry: { \(yaml), cap: 2h }").retries
        #expect(policy.pauses == pauses)
        #expect(policy.cap == .seconds(7200))
    }

    @Test func `what the file leaves out is as in the library`() throws {
        let type = try type("retry: {}")
        #expect(type.retries.pauses == RetryPolicy().pauses)
        #expect(type.retries.cap == RetryPolicy().cap)
        #expect(type.heartbeat == nil)
        #expect(try self.type("heartbeat: 30s").heartbeat == .seconds(30))
    }

    @Test func `an error means what the first class that fits says`() throws {
        let policy = try type(
            """
            retry: { errors: [ { contains: [no such user, "401"], then: bury }, { contains: gone, then: skip }, \
            { contains: busy, then: retry, fixed: [1m] } ] }
            """
        ).retries
        #expect(policy.decision(for: Broken(description: "no such user, gone")) == .bury)
        #expect(policy.decision(for: Broken(description: "answered 401")) == .bury)
        #expect(policy.decision(for: Broken(description: "it is gone")) == .skip)
        #expect(policy.decision(for: Broken(description: "busy")) == .retry(.fixed([.seconds(60)])))
        #expect(policy.decision(for: Broken(description: "else")) == .retry(nil))
    }

    static let mistakes = [
        ("heartbeat: 30", "heartbeat: \"30\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d"),
        (
            "retry: { pauses: exponential }",
            "retry.pauses: the key is unknown; known keys are exponential, linear, fixed, cap, errors"
        ),
        ("retry: { exponential: 1s, fixed: [1s] }", "retry: exponential and fixed are both given; keep one"),
        (
            "retry: { fixed: 1s }",
            "retry.fixed: is the text \"1s\"; it has to be a list of durations such as [1s, 1m, 10m]"
        ),
        ("retry: { fixed: [] }", "retry.fixed: the list is empty; it has to be pauses such as [1s, 1m, 10m]"),
        (
            "retry: { fixed: [1s, 2] }",
            "retry.fixed[1]: \"2\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d"
        ),
        ("retry: { cap: 0s }", "retry.cap: 0s is out of bounds; it is from 1ms to 99999999999ms"),
        (
            "retry: { errors: { contains: a, then: bury } }",
            "retry.errors: is a mapping; it has to be a list such as [{ contains: \"no such user\", then: bury }]"
        ),
        (
            "retry: { errors: [{ then: bury }] }",
            "retry.errors[0]: contains is missing; write a part of the error's text"
        ),
        ("retry: { errors: [{ contains: a }] }", "retry.errors[0]: then is missing; write bury, skip or retry"),
        (
            "retry: { errors: [{ contains: a, then: burry }] }",
            "retry.errors[0].then: \"burry\" is unknown; did you mean \"bury\"?"
        ),
        (
            "retry: { errors: [{ contains: '', then: bury }] }",
            "retry.errors[0].contains: the text is empty and would match every error; write a part of it"
        ),
        (
            "retry: { errors: [{ contains: a, then: bury, fixed: [1s] }] }",
            "retry.errors[0]: pauses are for then: retry; take them out"
        ),
    ]

    @Test(arguments: mistakes) func `a mistake in a retry is told with line, key and remedy, and alone`(
        yaml: String, line: String
    ) {
        let lines = ConfigurationReader.example.read("jobs: { t: { exec: [cat], \(yaml) } }").mistakes.lines(in: "f")
        #expect(lines == ["f:1: jobs.t.\(line)"])
    }
}
