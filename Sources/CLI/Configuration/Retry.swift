import Penstock

extension Configuration {
    /// What the file says of a job type's retries; nil leaves it to the library.
    struct Retry: Sendable, Equatable {
        var pauses: RetryPolicy.Pauses?
        var cap: Duration?
        /// The first that matches decides.
        var errors: [ErrorClass] = []

        /// Errors whose text has this part, and what they mean.
        struct ErrorClass: Sendable, Equatable {
            var contains: String
            var decision: RetryPolicy.Decision
        }

        var policy: RetryPolicy {
            var policy = RetryPolicy()
            if let pauses { policy.pauses = pauses }
            if let cap { policy.cap = cap }
            policy.rules = errors.map { RetryPolicy.Rule($0.decision, containing: $0.contains) }
            return policy
        }
    }
}
