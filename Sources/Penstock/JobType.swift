/// How a worker runs the jobs of one type.
public struct JobType: Sendable {
    public var handler: Handler
    /// Limit of one run; nil is none. A job's own timeout goes first.
    public var timeout: Duration?
    /// Attempts before a job is dead, unless the job says otherwise.
    public var attempts: Int
    public var retries: RetryPolicy

    public init(
        timeout: Duration? = nil, attempts: Int = 5, retries: RetryPolicy = RetryPolicy(), handler: @escaping Handler
    ) {
        self.handler = handler
        self.timeout = timeout
        self.attempts = attempts
        self.retries = retries
    }
}

/// Pauses between attempts: exponential with full jitter, so that jobs that failed together do not come back together.
/// Source of the method: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct RetryPolicy: Sendable {
    /// Upper bound of the first pause.
    public var base: Duration
    /// Upper bound of every pause.
    public var cap: Duration

    public init(base: Duration = .seconds(1), cap: Duration = .seconds(3600)) {
        self.base = base
        self.cap = cap
    }

    /// The pause after the failure of the given attempt (from 1), for a random number from 0 to 1.
    public func pause(afterAttempt attempt: Int, random: Double = .random(in: 0...1)) -> Duration {
        let bound = min(cap / .seconds(1), base / .seconds(1) * Double(1 << min(max(attempt - 1, 0), 40)))
        return .seconds(bound * random)
    }
}
