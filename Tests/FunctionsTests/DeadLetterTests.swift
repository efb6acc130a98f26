import NIOCore
import Redis
import Testing

/// Dead letters are listed, resolved, given a new life later, and kept for a time.
@Suite struct DeadLetterTests {
    private static let lab = Lab(hasManualClock: true)
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("all are listed, the newest first, page by page", arguments: [1, 7, 100])
    func pages(size: Int) async throws {
        // Ten die in each millisecond.
        for number in 0..<120 {
            try await bury("d\(number)", error: "e")
            if number % 10 == 9 { try await queue.pass(1) }
        }
        let letters = try await list("count", "\(size)")
        #expect(Set(letters.map(\.id)).count == 120 && letters.count == 120)
        #expect(letters.map(\.died) == letters.map(\.died).sorted(by: >))
        #expect(letters.allSatisfy { Run.fields($0.line)["lastError"] == "e" })
    }

    @Test func `a page goes on where the one before ended, also when its letters are gone meanwhile`() async throws {
        for number in 0..<30 {
            try await bury("d\(number)", error: "e")
            if number % 3 == 2 { try await queue.pass(1) }
        }
        var (seen, cursor) = ([String](), "")
        repeat {
            let page = try await page(cursor.isEmpty ? [] : ["before", cursor], "count", "7")
            for letter in page.letters { try await queue.call("requeue", letter.id) }
            seen += page.letters.map(\.id)
            cursor = page.cursor
        } while !cursor.isEmpty
        #expect(Set(seen).count == 30 && seen.count == 30)
    }

    @Test(
        "a filter lets through what fits",
        arguments: [
            (["type", "a"], ["a1", "a0"]), (["type", "c"], []), (["error", "refused"], ["b1", "a0"]),
            (["error", "%d+ (re"], []), (["type", "a", "error", "refused"], ["a0"]),
            (["from", "2000"], ["b1", "a1"]), (["to", "2000"], ["a1", "b0", "a0"]),
            (["from", "1000", "to", "2000"], ["a1", "b0"]), (["from", "9000"], []),
        ])
    func filters(words: [String], expected: [String]) async throws {
        let start = try await queue.clock()
        for (id, error) in [("a0", "connection refused: 5%"), ("b0", "timeout"), ("a1", "timeout"), ("b1", "refused")] {
            try await bury(id, type: String(id.prefix(1)), error: error)
            try await queue.pass(1_000)
        }
        // Times are told from the test's start.
        let words = words.enumerated().map { at, word in
            at > 0 && ["from", "to"].contains(words[at - 1]) ? "\(start + (Int(word) ?? 0))" : word
        }
        #expect(try await page(words).letters.map(\.id) == expected)
    }

    @Test func `a page may be empty and not the last`() async throws {
        try await bury("wanted", type: "wanted", error: "e")
        for _ in 0..<10 {
            try await queue.pass(1)
            try await queue.fill(100)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map { $0.ends("dead", "e") })
        }
        let first = try await page(["type", "wanted"])
        #expect(first.letters.isEmpty && !first.cursor.isEmpty)
        let second = try await page(["type", "wanted", "before", first.cursor])
        #expect(second.letters.map(\.id) == ["wanted"] && second.cursor.isEmpty)
    }

    @Test func `a letter that cannot be read does not stop the list`() async throws {
        for id in ["a", "b", "c"] {
            try await bury(id, error: "e")
            try await queue.pass(1)
        }
        try await queue.poison("b", "garbage")
        #expect(try await list().map(\.id) == ["c", "a"])
    }

    @Test(
        "a list that cannot be understood is INVALID",
        arguments: [
            ["count", "0"], ["count", "101"], ["count", "x"], ["count"], ["before", "now"], ["before", ""],
            ["type", ""], ["error", ""], ["error", String(repeating: "e", count: 1_025)], ["from", "-1"],
            ["from", "yesterday"], ["to", "1e9"], ["state", "dead"],
        ])
    func invalid(words: [String]) async throws {
        #expect(try await queue.refusal("dead", words) == "INVALID")
    }

    @Test func `a resolved letter is gone, and its event has the note`() async throws {
        try await queue.config("record", "yes")
        let payload = String(repeating: "p", count: 2_000)
        try await bury("a", payload: payload, error: "e")
        #expect(try await queue.call("resolve", "a", "paid by hand") == ["resolved", "a"])
        #expect(try await queue.job("a") == nil)
        for key in ["jobs", "bodies", "dead", "history"] {
            #expect(try await queue.integer("EXISTS", queue.key(key)) == 0, "\(key)")
        }
        let event = try #require(try await queue.events().last)
        #expect(event["kind"] == "resolved" && event["id"] == "a" && event["error"] == "paid by hand")
        #expect(Run.fields(event["header"] ?? "")["lastError"] == "e")
        #expect(try await queue.stat("resolved") == 1)
        #expect(try await queue.refusal("requeue", ["a"]) == "UNKNOWN")
        try await queue.expectClean()
    }

    @Test func `only a dead letter is resolved, and only with a note`() async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        #expect(try await queue.refusal("resolve", ["a", "note"]) == "INVALID")
        #expect(try await queue.refusal("resolve", ["nobody", "note"]) == "UNKNOWN")
        #expect(try await queue.settle(queue.claimOne().ends("dead", "e")) == ["OK"])
        for words in [[], ["a"], ["a", ""], ["a", String(repeating: "n", count: 1_001)]] {
            #expect(try await queue.refusal("resolve", words) == "INVALID")
        }
        #expect(try await queue.state("a") == "dead")
    }

    @Test func `a requeue may be for later, so that many come back at a rate`() async throws {
        for number in 0..<3 { try await bury("d\(number)", error: "e", "priority", "high", "unique", "u\(number)") }
        for number in 0..<3 {
            #expect(
                try await queue.call("requeue", "d\(number)", "delay", "\(number * 1_000)") == ["queued", "d\(number)"])
        }
        #expect(try await queue.call("enqueue", "t", "{}", "unique", "u2") == ["duplicate", "d2"])
        try await queue.expectClean()
        for number in 0..<3 {
            let run = try await queue.claimOne()
            #expect(run.id == "d\(number)" && run.level == "high" && run.header["attempt"] == nil)
            #expect(try await queue.claimed() == [])
            try await queue.pass(1_000)
        }
        #expect(try await queue.stat("requeued") == 3)
        try await bury("dead", error: "e")
        for words in [["dead", "delay"], ["dead", "delay", "x"], ["dead", "at", "5"]] {
            #expect(try await queue.refusal("requeue", words) == "INVALID")
            #expect(try await queue.state("dead") == "dead")
        }
    }

    @Test func `a letter is kept for the retention and not longer, and its row stays in Postgres`() async throws {
        try await queue.config("retention", "5000")
        let payload = String(repeating: "p", count: 2_000)
        try await bury("old", payload: payload, error: "e")
        try await queue.pass(1_000)
        try await bury("young", payload: payload, error: "e")
        try await queue.pass(3_999)
        try await queue.call("sweep")
        #expect(try await queue.state("old") == "dead")
        try await queue.pass(1)
        try await queue.call("sweep")
        #expect(try await queue.job("old") == nil)
        #expect(try await queue.state("young") == "dead")
        #expect(try await queue.stat("expired") == 1)
        #expect(try await queue.integer("HLEN", queue.key("bodies")) == 1)
        #expect(try await queue.integer("HLEN", queue.key("history")) == 1)
        #expect(try await queue.kinds() == ["dead", "dead"])
        try await queue.expectClean()
    }

    @Test("90 days unless it is said, and 0 is for ever", arguments: [("", 7_776_000_000), ("0", Int.max)])
    func retention(value: String, kept: Int) async throws {
        try await queue.config("retention", value)
        try await bury("a", error: "e")
        try await queue.pass(7_775_999_999)
        try await queue.call("sweep")
        #expect(try await queue.state("a") == "dead")
        try await queue.pass(1)
        try await queue.call("sweep")
        #expect(try await queue.state("a") == (kept == Int.max ? "dead" : nil))
    }

    @Test func `more than a hundred that are over take more than one sweep`() async throws {
        try await queue.config("retention", "1000")
        for _ in 0..<2 {
            try await queue.fill(60)
            let runs = try await queue.turn().runs
            _ = try await queue.turn(0, runs.map { $0.ends("dead", "e") })
        }
        try await queue.pass(1_000)
        #expect(try await queue.call("sweep")[3] == "more")
        #expect(try await queue.integer("ZCARD", queue.key("dead")) == 20)
        #expect(try await queue.call("sweep")[3] == "done")
        #expect(try await queue.integer("EXISTS", queue.key("dead"), queue.key("jobs")) == 0)
    }

    private struct Letter { let id: String; let died: Int; let line: String }

    private func page(_ words: [String], _ more: String...) async throws -> (cursor: String, letters: [Letter]) {
        let reply = try #require(try await queue.reply("dead", words + more, readOnly: true).strings)
        return (
            reply[0],
            stride(from: 1, to: reply.count, by: 3).map {
                Letter(id: reply[$0], died: Int(reply[$0 + 1]) ?? 0, line: reply[$0 + 2])
            }
        )
    }

    private func list(_ words: String...) async throws -> [Letter] {
        var (letters, cursor) = ([Letter](), "")
        repeat {
            let page = try await page(words + (cursor.isEmpty ? [] : ["before", cursor]))
            letters += page.letters
            cursor = page.cursor
        } while !cursor.isEmpty
        return letters
    }

    private func bury(
        _ id: String, type: String = "t", payload: String = "{}", error: String, _ options: String...
    ) async throws {
        _ = try await queue.reply("enqueue", [type, payload, "id", id] + options)
        #expect(try await queue.settle(queue.claimOne().ends("dead", error)) == ["OK"])
    }
}
