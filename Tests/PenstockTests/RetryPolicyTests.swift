import Penstock
import Testing

@Suite struct RetryPolicyTests {
    @Test(
        arguments: [
            (1, 1.0), (2, 2), (3, 4), (4, 8), (12, 2048), (13, 3600), (14, 3600), (41, 3600), (1000, 3600),
            (Int.max, 3600),
            (0, 1), (-5, 1),
        ] as [(Int, Double)])
    func `the bound of a pause doubles up to the cap`(attempt: Int, seconds: Double) {
        let policy = RetryPolicy()
        #expect(policy.pause(afterAttempt: attempt, random: 1) == .seconds(seconds))
        #expect(policy.pause(afterAttempt: attempt, random: 0.25) == .seconds(seconds / 4))
        #expect(policy.pause(afterAttempt: attempt, random: 0) == .zero)
    }

    @Test func `pauses are spread over all that they may be`() {
        let policy = RetryPolicy(.exponential(base: .milliseconds(100)), cap: .seconds(10))
        let pauses = (0..<1000).map { _ in policy.pause(afterAttempt: 3) }
        #expect(pauses.allSatisfy { $0 >= .zero && $0 <= .milliseconds(400) })
        #expect(pauses.contains { $0 < .milliseconds(100) } && pauses.contains { $0 > .milliseconds(300) })
    }

    @Test func `a cap below the base is the bound`() {
        #expect(
            RetryPolicy(.exponential(base: .seconds(10)), cap: .seconds(2)).pause(afterAttempt: 1, random: 1)
                == .seconds(2))
    }

    @Test(
        arguments: [
            (.linear(step: .seconds(10)), 1, 10), (.linear(step: .seconds(10)), 3, 30),
            (.linear(step: .seconds(10)), 1000, 60), (.fixed([.seconds(5), .seconds(20)]), 1, 5),
            (.fixed([.seconds(5), .seconds(20)]), 2, 20), (.fixed([.seconds(5), .seconds(20)]), 9, 20),
            (.fixed([.seconds(500)]), 1, 60), (.fixed([]), 1, 0), (.linear(step: .seconds(10)), Int.max, 60),
        ] as [(RetryPolicy.Pauses, Int, Double)])
    func `linear and fixed pauses are what they say, up to the cap`(
        pauses: RetryPolicy.Pauses, attempt: Int, seconds: Double
    ) {
        #expect(RetryPolicy(pauses, cap: .seconds(60)).pause(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `the first rule that matches decides`() {
        struct Refused: Error {}
        let policy = RetryPolicy(rules: [.init(.skip, for: Refused.self), .init(.bury, containing: "Refused")])
        #expect(policy.decision(for: Refused()) == .skip)
        #expect(policy.decision(for: CancellationError()) == .retry())
    }
}
