import Foundation

@testable import Servers

/// A program that ran to its end: what it said and how it ended.
struct Finished: Sendable {
    /// Nil when a signal ended it.
    let code: Int32?
    let output: String
    let errors: String

    /// The lines of stderr.
    var lines: [String] { errors.split(separator: "\n").map(String.init) }
    /// The last JSON object of stdout.
    var object: [String: Any] {
        let last = output.split(separator: "\n").last.map { Data($0.utf8) } ?? Data()
        return (try? JSONSerialization.jsonObject(with: last)) as? [String: Any] ?? [:]
    }

    /// Runs a program in `folder`, with `input` on its stdin, for a minute at most.
    static func run(
        _ program: String, _ arguments: [String], in folder: String, environment: [String: String] = [:],
        input: Data? = nil
    ) async throws -> Finished {
        let own = "\(folder)/run-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
        var command = try Command(program, arguments, in: Folder(folder), parentDeath: "KILL")
        command.environment = Plant.environment(adding: environment)
        command.output = "\(own)/stdout"
        command.log = "\(own)/stderr"
        if let input {
            try input.write(to: URL(fileURLWithPath: "\(own)/stdin"))
            command.input = "\(own)/stdin"
        }
        let process = try ServerProcess(command, quickEnd: SIGKILL)
        defer { process.end(SIGKILL, seconds: 5) }
        try await eventually("the end of \(program) \(arguments)") { process.hasEnded }
        return Finished(
            code: process.exitCode, output: try String(contentsOfFile: "\(own)/stdout", encoding: .utf8),
            errors: try String(contentsOfFile: "\(own)/stderr", encoding: .utf8))
    }
}
