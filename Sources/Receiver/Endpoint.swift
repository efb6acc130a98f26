import HTTPTypes

/// What is served: a path with places for names. `docs/openapi.yaml` has the same list, and a test compares the two.
enum Endpoint: String, Sendable, CaseIterable {
    case webhook = "/webhooks/{source}"

    case queues = "/v1/queues"
    case queue = "/v1/queues/{queue}"
    case pause = "/v1/queues/{queue}/pause"
    case resume = "/v1/queues/{queue}/resume"
    case drain = "/v1/queues/{queue}/drain"
    case purge = "/v1/queues/{queue}/purge"
    case check = "/v1/queues/{queue}/check"
    case repair = "/v1/queues/{queue}/repair"
    case settings = "/v1/queues/{queue}/settings"

    case jobs = "/v1/queues/{queue}/jobs"
    case job = "/v1/queues/{queue}/jobs/{id}"
    case why = "/v1/queues/{queue}/jobs/{id}/why"
    case cancel = "/v1/queues/{queue}/jobs/{id}/cancel"
    case move = "/v1/queues/{queue}/jobs/{id}/move"
    case requeue = "/v1/queues/{queue}/jobs/{id}/requeue"
    case resolve = "/v1/queues/{queue}/jobs/{id}/resolve"

    case dead = "/v1/queues/{queue}/dead"
    case requeueDead = "/v1/queues/{queue}/dead/requeue"

    case workers = "/v1/workers"

    case health = "/healthz"
    case readiness = "/readyz"
    case metrics = "/metrics"

    /// Reading is GET, and HEAD wherever GET is; a verb is POST, so that no link, no prefetch and no cache repeats it.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .queues, .queue, .check, .job, .why, .dead, .workers, .health, .readiness, .metrics: [.get, .head]
        case .settings: [.get, .head, .patch]
        case .webhook, .pause, .resume, .drain, .purge, .repair, .jobs, .cancel, .move, .requeue, .resolve,
            .requeueDead:
            [.post]
        }
    }

    /// Who comes here: senders, producers and people with a key, or machines that look after machines. Also a label of
    /// metrics: few values, whatever strangers ask for.
    enum Door: String { case webhooks, api, operations }

    var door: Door {
        switch self {
        case .webhook: .webhooks
        case .health, .readiness, .metrics: .operations
        default: .api
        }
    }

    /// The path in parts; those that are names begin with a brace.
    var segments: [Substring] { rawValue.split(separator: "/") }
}
