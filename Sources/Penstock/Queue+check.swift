import Redis

extension Queue {
    /// What a check found.
    public struct Finding: Sendable, Equatable {
        /// One word for the kind: `docs/keys.md` lists them.
        public let code: String
        /// The job, run, limit or counter.
        public let subject: String
        public let fact: String
        /// Whether a repair has put it right.
        public let isMended: Bool
    }

    public struct CheckReport: Sendable, Equatable {
        public var findings: [Finding] = []
        /// Jobs, runs, lanes and counters that were looked at.
        public var looked = 0
        /// Whether it came to its end.
        public var isComplete = false

        public init() {}
    }

    /// Counts the invariants of the queue, page by page; work goes on meanwhile. A large queue takes a call for each thousand
    /// things, so what moves between two pages may be seen twice or not at all.
    /// - Parameter repair: mends what can be mended.
    public func check(repair: Bool = false) async throws(QueueError) -> CheckReport {
        var report = CheckReport()
        try await check(repair: repair, into: &report)
        return report
    }

    /// The same into a report that holds what was found and mended also when the check does not come to its end.
    public func check(repair: Bool = false, into report: inout CheckReport) async throws(QueueError) {
        var cursor = "0"
        repeat {
            let words = try await call(repair ? "repair" : "check", ["cursor", cursor]).strings ?? []
            guard words.count >= 2, words.count % 4 == 2, let looked = Int(words[1]) else { throw .garbled("check") }
            cursor = words[0]
            report.looked += looked
            for at in stride(from: 2, to: words.count, by: 4) {
                report.findings.append(
                    Finding(
                        code: words[at], subject: words[at + 1], fact: words[at + 2],
                        isMended: words[at + 3] == "mended"))
            }
        } while cursor != "0"
        report.isComplete = true
    }

    /// One sentence: where a job is and what it waits for; also when that is a worker and none lives that serves the queue.
    /// - Throws: `QueueError.unknown`.
    public func why(_ id: String) async throws(QueueError) -> String {
        let words = try await call("why", [id]).strings ?? []
        guard let sentence = words.first else { throw .garbled("why") }
        guard words.last == "claim", let workers = try? await store.workers(),
            !workers.contains(where: { $0.queues.contains(name) })
        else { return sentence }
        return "\(sentence); no worker serves the queue now: start one"
    }
}
