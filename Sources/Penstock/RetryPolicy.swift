/// What becomes of a failed run: how long to wait for the next one, or for some errors something else.
public struct RetryPolicy: Sendable {
    /// How the pauses between attempts grow.
    public enum Pauses: Sendable, Equatable {
        /// A random time up to a bound that doubles (full jitter), so that jobs that failed together do not come back together.
        /// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        case exponential(base: Duration)
        /// `step` after the first attempt, twice that after the second, and so on.
        case linear(step: Duration)
        /// One after the other; the last goes on. An empty list is no pause.
        case fixed([Duration])
    }

    /// What an error of a class means.
    public enum Decision: Sendable, Equatable {
        /// Another attempt, with pauses of its own or those of the policy.
        case retry(Pauses? = nil)
        /// A dead letter at once.
        case bury
        /// There was nothing to do: the job is completed.
        case skip
    }

    /// A class of errors and what they mean.
    public struct Rule: Sendable {
        public let matches: @Sendable (any Error) -> Bool
        public let decision: Decision

        public init(_ decision: Decision, matches: @escaping @Sendable (any Error) -> Bool) {
            self.matches = matches
            self.decision = decision
        }

        /// Errors whose text has this part; the text is what the job's record shows.
        public init(_ decision: Decision, containing text: String) {
            self.init(decision) { "\($0)".contains(text) }
        }

        /// Errors of a type.
        public init<Failure: Error>(_ decision: Decision, for type: Failure.Type) {
            self.init(decision) { $0 is Failure }
        }
    }

    public var pauses: Pauses
    /// Upper bound of every pause, but not of what a handler asks for by `Retry`.
    public var cap: Duration
    /// The first that matches decides; `Retry`, `Bury`, `Skip` and `Snooze` go before all.
    public var rules: [Rule]

    public init(
        _ pauses: Pauses = .exponential(base: .seconds(1)), cap: Duration = .seconds(3600), rules: [Rule] = []
    ) {
        self.pauses = pauses
        self.cap = cap
        self.rules = rules
    }

    /// What an error means by the rules.
    public func decision(for error: any Error) -> Decision { rules.first { $0.matches(error) }?.decision ?? .retry() }

    /// The pause after the failure of the given attempt (from 1), for a random number from 0 to 1.
    public func pause(
        afterAttempt attempt: Int, by pauses: Pauses? = nil, random: Double = .random(in: 0...1)
    ) -> Duration {
        let failures = max(attempt, 1)
        switch pauses ?? self.pauses {
        case .exponential(let base):
            let bound = min(cap / .seconds(1), base / .seconds(1) * Double(1 << min(failures - 1, 40)))
            return .seconds(bound * random)
        case .linear(let step):
            return .seconds(min(cap / .seconds(1), step / .seconds(1) * Double(failures)))
        case .fixed(let list):
            return min(cap, list.isEmpty ? .zero : list[min(failures, list.count) - 1])
        }
    }
}
