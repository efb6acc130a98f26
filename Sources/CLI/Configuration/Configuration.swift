import Penstock
import Receiver

/// What `penstock.yaml` says, checked: every name in it refers to something, every secret has been read.
struct Configuration: Sendable {
    /// The queue of a configuration that names none; the one of all examples.
    static let defaultQueue = "github"

    /// What runs the jobs of a type.
    enum Runner: Sendable, Equatable {
        /// A handler of this program, by its name.
        case handler(String)
        /// A program and its arguments; no shell reads them.
        case exec([String])
        /// Where to POST, and how long an answer may take; nil leaves that to the runner.
        case http(url: String, timeout: Duration?)
    }

    struct Job: Sendable, Equatable {
        var runner: Runner
        /// Limit of one run.
        var timeout: Duration?
        /// How long a run may be without a sign of life.
        var heartbeat: Duration?
        var attempts: Int?
        var retry: Retry?
    }

    var sources: [Source] = []
    /// First match wins.
    var routes: [Route] = []
    var jobs: [String: Job] = [:]
    /// What the file says of a queue, in the words of `penstock_configure`.
    var queues: [String: [String: String]] = [:]
    /// Empty means that nobody named one.
    var apiKeys: [String] = []
    /// Share of Redis's `maxmemory` over which no jobs are taken over HTTP; nil leaves it to the receiver.
    var memoryMark: Double?
    /// The environment variables that hold secrets: no program of an `exec` job gets to see them.
    var secretVariables: Set<String> = []

    /// The queues that the file names, in alphabetical order.
    var queueNames: [String] { Set(queues.keys).union(routes.map(\.queue)).sorted() }
}
