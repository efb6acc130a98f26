import Foundation

@testable import Servers

/// One running `penstock`, which the test may stop, kill or leave alone.
struct PenstockProcess: Sendable {
    /// Where it serves HTTP, if it does.
    let port: Int?
    private let process: ServerProcess

    init(_ command: Command, port: Int?) throws {
        self.port = port
        process = try ServerProcess(command, quickEnd: SIGKILL)
    }

    var pid: pid_t { process.pid }
    var hasEnded: Bool { process.hasEnded }
    var log: String { (try? String(contentsOfFile: process.log, encoding: .utf8)) ?? "" }
    var url: String { "http://127.0.0.1:\(port ?? 0)" }

    /// Returns when everything that its roles need is there.
    func ready() async throws {
        try await eventually("200 from /readyz") {
            if hasEnded { throw Overdue(what: "a process that ended: \(log)") }
            return (try? await HTTP.get("\(url)/readyz"))?.status == 200
        }
    }

    func signal(_ number: Int32) { process.signal(number) }

    /// SIGKILL; returns when nothing of it is left.
    func kill() async throws {
        process.signal(SIGKILL)
        try await eventually("the end of a killed process") { hasEnded }
    }

    /// The code with which it ends within the time, nil if by a signal.
    func exitCode(within time: Duration) async throws -> Int32? {
        try await eventually("the end of process \(pid)", within: time) { hasEnded }
        return process.exitCode
    }

    /// For the end of a test: also stopped ones, also with their children.
    func remove() { if !hasEnded { process.end(SIGKILL, seconds: 5) } }
}
