/// How a worker runs the jobs of one type.
public struct JobType: Sendable {
    public var handler: Handler
    /// Limit of one run; nil is none. A job's own timeout goes first.
    public var timeout: Duration?
    /// How long a handler may be without a sign of life (`Job.heartbeat()`); nil is for ever. A run that is silent for longer
    /// is stopped and has failed.
    public var heartbeat: Duration?
    /// Attempts before a job is dead, unless the job says otherwise.
    public var attempts: Int
    public var retries: RetryPolicy

    public init(
        timeout: Duration? = nil, heartbeat: Duration? = nil, attempts: Int = 5, retries: RetryPolicy = RetryPolicy(),
        handler: @escaping Handler
    ) {
        self.handler = handler
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.attempts = attempts
        self.retries = retries
    }
}
