import Foundation
import Penstock
import Runners

/// What runs the jobs of a configuration.
struct Handlers {
    /// The handlers that this program has, by the name that a configuration calls them. Those of users run in programs of
    /// their own, which import `Penstock`.
    private static let own: [String: Handler] = [GitHubActivity.name: GitHubActivity.handler]

    static var names: [String] { own.keys.sorted() }

    /// For `Worker`, by job type.
    /// - Parameter killingAfter: how long a command has between SIGTERM and SIGKILL.
    static func types(
        _ configuration: Configuration, killingAfter: Duration = .seconds(5)
    ) -> [String: JobType] {
        var types: [String: JobType] = [:]
        for (name, job) in configuration.jobs {
            guard let handler = handler(job, configuration, killingAfter) else { continue }
            var type = JobType(timeout: job.timeout, heartbeat: job.heartbeat, handler: handler)
            if let attempts = job.attempts { type.attempts = attempts }
            if let retry = job.retry { type.retries = retry.policy }
            types[name] = type
        }
        return types
    }

    /// Nil is what the reading of the configuration has refused.
    private static func handler(
        _ job: Configuration.Job, _ configuration: Configuration, _ killingAfter: Duration
    ) -> Handler? {
        switch job.runner {
        case .handler(let name):
            return own[name]
        case .exec(let arguments):
            let secrets = Exec.withheldByDefault.union(configuration.secretVariables)
            return Exec(arguments: arguments, withholding: secrets, grace: killingAfter).handler
        case .http(let url, let timeout):
            guard let url = URL(string: url) else { return nil }
            // A limit of the job alone is the limit of the call, too.
            guard let limit = timeout ?? job.timeout else { return HTTPCall(url: url).handler }
            return HTTPCall(url: url, timeout: limit).handler
        }
    }
}
