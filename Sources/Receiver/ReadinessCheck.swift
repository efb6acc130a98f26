/// Something that a role of this process needs, and how to ask whether it is there.
package struct ReadinessCheck: Sendable {
    /// Longer than this nothing is waited for: those who ask give up after a few seconds themselves.
    package static let patience = Duration.seconds(2)

    package let name: String
    /// Nil when all is well, else the reason: read by operators, so it may name servers, but no credentials.
    package let check: @Sendable () async -> String?

    package init(_ name: String, check: @escaping @Sendable () async -> String?) {
        self.name = name
        self.check = check
    }

    struct Missing: Sendable, Equatable {
        let name: String
        let reason: String
    }

    /// Asks all at once; answers what is missing, in the order of the checks.
    static func missing(_ checks: [ReadinessCheck], within patience: Duration) async -> [Missing] {
        await withTaskGroup(of: (Int, Missing?).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask {
                    let answer = await Receiver.within(patience) { await check.check() }
                    guard let reason = answer ?? "no answer within \(patience)" else { return (index, nil) }
                    return (index, Missing(name: check.name, reason: reason))
                }
            }
            var found: [Int: Missing] = [:]
            for await (index, missing) in group { found[index] = missing }
            return found.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
