/// Why an HTTP request did not complete its job. Places are URLs without credentials and query.
enum HTTPCallError: Error, CustomStringConvertible {
    case status(Int, String)
    case refused(Int, String)
    case timedOut(String, Duration)
    case unreachable(String, reason: String)
    case unreadableSnooze(String)

    var description: String {
        switch self {
        case .status(let code, let place) where (300..<400).contains(code):
            "\(place) answered \(code); redirects are not followed, give the URL that it points to"
        case .status(let code, let place): "\(place) answered \(code); the job needs a 2xx to complete"
        case .refused(let code, let place):
            "\(place) answered \(code), which the same request would meet again; correct it there and requeue the job"
        case .timedOut(let place, let limit):
            "\(place) did not answer completely within \(limit); answer sooner or raise `timeout`"
        case .unreadableSnooze(let place):
            "\(place) answered with a Penstock-Snooze that cannot be read; send a number of seconds"
        case .unreachable(let place, let reason):
            "the connection to \(place) failed; look whether it is up: \(reason)"
        }
    }
}
