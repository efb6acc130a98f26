import Foundation

/// Where a request wants to go. A queue's name may have slashes; in a path they are written `%2F`.
enum Place: Equatable {
    case webhook(String)
    case jobs(queue: String)
    case job(String, queue: String)
    case queues
    case health
    case readiness
    case metrics
    case nowhere

    /// - Parameter target: the request's target, with or without a query.
    init(_ target: String) {
        let path = target.prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.removingPercentEncoding
        }
        guard path.hasPrefix("/"), segments.allSatisfy({ $0?.isEmpty == false }) else {
            self = .nowhere
            return
        }
        let names = segments.compactMap { $0 }
        switch (names.count, names.first) {
        case (1, "healthz"): self = .health
        case (1, "readyz"): self = .readiness
        case (1, "metrics"): self = .metrics
        case (2, "webhooks"): self = .webhook(names[1])
        case (2, "v1") where names[1] == "queues": self = .queues
        case (4, "v1") where names[1] == "queues" && names[3] == "jobs": self = .jobs(queue: names[2])
        case (5, "v1") where names[1] == "queues" && names[3] == "jobs": self = .job(names[4], queue: names[2])
        default: self = .nowhere
        }
    }

    /// A label of metrics: few values, whatever strangers ask for.
    var door: String {
        switch self {
        case .webhook: "webhooks"
        case .jobs, .job, .queues: "api"
        case .health, .readiness, .metrics: "operations"
        case .nowhere: "none"
        }
    }
}
