/// Why a command did not complete its job. The end of what it wrote to standard error is part of the text, because that is
/// where commands explain themselves.
enum ExecError: Error, CustomStringConvertible {
    case noProgram
    case notFound(String)
    case notStarted(String, reason: String)
    case refused(stderr: String)
    case failed(code: Int32, stderr: String)
    case killed(signal: Int32, stderr: String)

    var description: String {
        switch self {
        case .noProgram: "the command has no program; name one in `exec`"
        case .notFound(let program): "the program \(program) was not found; install it where PATH or `exec` says it is"
        case .notStarted(let program, let reason): "the program \(program) could not be started: \(reason)"
        case .refused(let stderr): Self.sentence("the command exited with 65 and wants no retry", stderr)
        case .failed(let code, let stderr): Self.sentence("the command exited with \(code)", stderr)
        case .killed(let signal, let stderr): Self.sentence("the command was ended by signal \(signal)", stderr)
        }
    }

    private static func sentence(_ fact: String, _ stderr: String) -> String {
        stderr.isEmpty ? "\(fact); it said nothing on standard error" : "\(fact): \(stderr)"
    }
}
