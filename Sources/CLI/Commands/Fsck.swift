import ArgumentParser
import JSON
import Penstock

/// `penstock fsck [QUEUE]`: whether Redis holds what it must, each finding with what was counted.
struct Fsck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Counts the invariants of the queues and tells what is wrong; exits with 1 if something stays so.",
        discussion: """
            Work goes on meanwhile, page by page: what moves between two pages may be seen twice or not at all. A finding \
            that a second run repeats is real. The counters of a queue with more than 10,000 jobs or 4 MiB of them are not counted anew.
            """)

    @Argument(
        help: "One queue; without it all that are known.",
        transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String?

    @Flag(help: "Mend what can be mended.")
    var repair = false

    @Flag(help: "Print one line of JSON for each queue.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        var reports: [(queue: String, report: Queue.CheckReport)] = []
        var failure: QueueError?
        for queue in try await store.chosen(queue) where failure == nil {
            var report = Queue.CheckReport()
            do throws(QueueError) {
                try await queue.check(repair: repair, into: &report)
            } catch {
                failure = error
            }
            reports.append((queue.name, report))
        }
        await store.shutdown()
        // Also what was mended before a call failed: nobody else tells it.
        try Terminal.write(json ? reports.map { $0.report.json($0.queue).text } : Self.lines(reports))
        if let failure { throw Failure(failure) }
        let left = reports.reduce(0) { $0 + $1.report.findings.count(where: { !$0.isMended }) }
        guard left > 0 else { return }
        let remedy =
            repair ? "penstock job or redis-cli shows more of them" : "penstock fsck --repair mends what can be"
        throw Failure.failed("\(left) \(left == 1 ? "finding is" : "findings are") not mended; \(remedy)")
    }

    static func lines(_ reports: [(queue: String, report: Queue.CheckReport)]) -> [String] {
        var table = Table([("QUEUE", .left), ("CODE", .left), ("SUBJECT", .left), ("RESULT", .left), ("FACT", .left)])
        for (queue, report) in reports {
            for finding in report.findings {
                let result = finding.isMended ? "mended" : "found"
                table.add([queue, finding.code, finding.subject.oneLine, result, finding.fact.oneLine])
            }
        }
        let summaries = reports.map { queue, report in
            let found = report.findings.count
            let end = report.isComplete ? "" : ", and not looked at to the end"
            return "\(queue): \(report.looked) things looked at, \(found == 0 ? "nothing" : "\(found)") found\(end)"
        }
        if reports.isEmpty { return ["no queue is known; there is nothing to look at"] }
        return table.isEmpty ? summaries : table.lines + [""] + summaries
    }
}

extension Queue.CheckReport {
    fileprivate func json(_ queue: String) -> JSONText {
        .object([
            ("queue", .string(queue)), ("looked", .integer(looked)), ("complete", .boolean(isComplete)),
            (
                "findings",
                .array(
                    findings.map { finding in
                        .object([
                            ("code", .string(finding.code)), ("subject", .string(finding.subject)),
                            ("fact", .string(finding.fact)), ("mended", .boolean(finding.isMended)),
                        ])
                    })
            ),
        ])
    }
}
