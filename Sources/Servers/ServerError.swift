/// What can go wrong around a private server. Every description is fact, value, remedy.
package enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// None of the folders searched holds the program.
    case missing(program: String)
    /// The folder cannot be made or handed to the account that the server runs as.
    case folder(path: String, reason: String)
    /// The program could not be executed.
    case spawn(program: String, reason: String)
    /// Something already answers where this server is to listen.
    case taken(program: String, address: String, pid: String?)
    /// The server ended, or did not answer in time; `log` is the end of what it wrote.
    case notReady(program: String, reason: String, log: String)

    package var description: String {
        switch self {
        case .missing(let program):
            "\(program) is not installed (looked in PATH, /usr/lib/postgresql and Homebrew's folders); run scripts/bootstrap"
        case .folder(let path, let reason):
            "folder \(path) cannot be used: \(reason); choose one that this user may write to"
        case .spawn(let program, let reason):
            "\(program) cannot be started: \(reason); check the installation with scripts/bootstrap"
        case .taken(let program, let address, let pid):
            "a server already listens on \(address)\(pid.map { " (\(program), pid \($0))" } ?? ""); "
                + "stop it or choose another folder"
        case .notReady(let program, let reason, let log):
            "\(program) is not ready: \(reason); its log ends with: \(log)"
        }
    }
}
