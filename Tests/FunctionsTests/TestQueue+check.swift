import NIOCore
import Redis
import Testing

/// What `penstock_check` finds.
struct Finding: Equatable {
    let code: String
    let subject: String
    let fact: String
    let fate: String
}

extension TestQueue {
    /// All findings of a whole check.
    func findings() async throws -> [Finding] { try await look("check", readOnly: true) }

    /// All findings of a whole repair.
    func repair() async throws -> [Finding] { try await look("repair", readOnly: false) }

    /// No invariant is violated.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let findings = try await findings()
        #expect(findings.isEmpty, sourceLocation: sourceLocation)
    }

    private func look(_ function: String, readOnly: Bool) async throws -> [Finding] {
        var findings: [Finding] = []
        var cursor = "0"
        repeat {
            let words = try #require(try await reply(function, ["cursor", cursor], readOnly: readOnly).strings)
            cursor = words[0]
            findings += stride(from: 2, to: words.count, by: 4).map {
                Finding(code: words[$0], subject: words[$0 + 1], fact: words[$0 + 2], fate: words[$0 + 3])
            }
        } while cursor != "0"
        return findings
    }

    func why(_ id: String) async throws -> String {
        try #require(try await reply("why", [id], readOnly: true).strings?.first)
    }

    /// The ids of the runs that a claim hands out, which stay running.
    func claimed(_ want: Int = 100, by consumer: String = "w1") async throws -> [String] {
        try await turn(want, by: consumer).runs.map(\.id)
    }

    /// Jobs of so many keys, a hundred at a time, and so many jobs of each.
    func fillKeys(_ keys: Int, _ jobs: Int) async throws {
        for _ in 0..<jobs {
            for start in stride(from: 0, to: keys, by: 100) {
                let words = (start..<start + 100).flatMap { ["4", "t", "{}", "key", "k\($0)"] }
                _ = try await reply("enqueue_many", words)
            }
        }
    }

    /// Claims until nothing is handed out any more; how many there were, which stay running.
    func claimAll() async throws -> Int {
        var (count, turn) = (0, try await turn(100))
        while !turn.runs.isEmpty || turn.flag == "more" {
            count += turn.runs.count
            turn = try await self.turn(100)
        }
        return count
    }

    /// Claims and completes until nothing is handed out any more; the ids in the order in which they ran.
    func runAll(_ want: Int = 100) async throws -> [String] {
        var ids: [String] = []
        var turn = try await turn(want)
        while !turn.runs.isEmpty || turn.flag == "more" {
            ids += turn.runs.map(\.id)
            turn = try await self.turn(want, turn.runs.map(\.completes))
        }
        return ids
    }

    /// Makes everything that is delayed due.
    func makeDue() async throws {
        for id in try await redis("ZRANGE", key("delayed"), "0", "-1").strings ?? [] {
            try await redis("ZADD", key("delayed"), "XX", "1", id)
        }
    }

    /// Everything that the queue has.
    func digest() async throws -> [String] {
        var all: [String] = []
        for key in try await redis("KEYS", key("*")).strings?.sorted() ?? [] {
            let bytes = try await redis("DUMP", key).bytes?.readableBytesView ?? []
            all.append("\(key) \(Array(bytes))")
        }
        return all
    }
}
