import Foundation
import Testing

@testable import Penstock
@testable import Runners

/// What counts as a sign of life of a command and of a call.
@Suite struct HeartbeatTests {
    @Test(arguments: [("true", false), ("echo working", true), ("echo working >&2", true)])
    func `output on either stream is one, silence is none`(script: String, isHeard: Bool) async throws {
        let job = Job.sample()
        _ = try await Exec(arguments: ["bash", "-c", script]).handler(job)
        #expect((job.pulse.lastBeat != nil) == isHeard)
    }

    @Test func `output counts while the command still runs`() async throws {
        let job = Job.sample()
        let task = Task { try await Exec(arguments: ["bash", "-c", "echo working; sleep 1000"]).handler(job) }
        try await eventually { job.pulse.lastBeat != nil }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [("", false), ("{}", true)])
    func `a part of an answer is one, its head alone is none`(body: String, isHeard: Bool) async throws {
        let job = Job.sample()
        try await TestServer.with(.answer(200, body: body)) { server in
            _ = try await HTTPCall(url: #require(URL(string: server.url))).handler(job)
        }
        #expect((job.pulse.lastBeat != nil) == isHeard)
    }
}
