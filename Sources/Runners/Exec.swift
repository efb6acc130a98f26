import Foundation
import NIOCore
import Penstock

/// Runs a job as a command, without a shell between them.
///
/// The payload is the command's standard input, the job's facts are in its environment (`PENSTOCK_JOB_ID` and so on), and
/// its standard output is the job's result: JSON as JSON, other text as a JSON string, up to 1 MiB. Exit 0 completes the
/// job, 65 (`EX_DATAERR` of sysexits.h) buries it, every other end is an error and retries it, unless a rule of the type's
/// `RetryPolicy` says otherwise of its text; so does a command that cannot be started, because the next deployment may bring
/// it. Output on either stream is a heartbeat.
///
/// The command leads a process group of its own. When its task is cancelled the group gets SIGTERM, and what is left of
/// it after `grace` SIGKILL. When the command ends by itself, what it left behind in its group is killed: a process that
/// is to outlive its job leaves the group (`setsid`).
public struct Exec: Sendable {
    /// What a child does not get to see of our environment by default: the key of our own API and the addresses of our
    /// servers, which hold passwords. A command that needs a database is given one under a name of its own.
    public static let withheldByDefault: Set<String> = ["PENSTOCK_API_KEY", "REDIS_URL", "DATABASE_URL"]

    /// The program, looked up in `PATH` if there is no slash in it, and its arguments.
    let arguments: [String]
    let withholding: Set<String>
    let grace: Duration

    /// - Parameters:
    ///   - arguments: The program and its arguments.
    ///   - withholding: Variables of our environment that the command does not get, such as those that hold secrets.
    ///   - grace: From SIGTERM to SIGKILL.
    public init(
        arguments: [String], withholding: Set<String> = Exec.withheldByDefault, grace: Duration = .seconds(5)
    ) {
        self.arguments = arguments
        self.withholding = withholding
        self.grace = grace
    }

    public var handler: Handler { { job in try await run(job) } }

    private func run(_ job: Job) async throws -> Output {
        guard let program = arguments.first, !program.isEmpty else { throw ExecError.noProgram }
        try Task.checkCancellation()
        var environment: [String: String?] = [:]
        for name in withholding { environment.updateValue(nil, forKey: name) }
        for fact in JobFacts(job).environment { environment.updateValue(fact.value, forKey: fact.name) }
        let child = Child(
            program: program, arguments: Array(arguments.dropFirst()), environment: environment, input: job.payload,
            grace: grace, beat: { job.heartbeat() })
        let end = try await child.run()
        // Whatever it still said, it was told to stop.
        try Task.checkCancellation()
        switch end.status {
        case .exited(0): return end.answer.output
        case .exited(65): throw Bury(ExecError.refused(stderr: end.errors.text).description)
        case .exited(let code): throw ExecError.failed(code: code, stderr: end.errors.text)
        case .signaled(let signal): throw ExecError.killed(signal: signal, stderr: end.errors.text)
        }
    }
}
