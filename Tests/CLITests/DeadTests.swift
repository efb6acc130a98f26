import Foundation
import Testing

@testable import CLI

/// Dead letters at the command line.
@Suite struct DeadTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test func `dead letters are a table, the newest first, and JSON for programs`() async throws {
        let first = try await desk.bury("no such\nuser")
        let second = try await desk.bury("timeout", type: "mail")
        let table = try await desk.penstock("dead", desk.queue)
        let rows = table.output.split(separator: "\n").map(String.init)
        #expect(rows.count == 3)
        #expect(rows[0].split(separator: " ").map(String.init) == ["ID", "TYPE", "LEVEL", "ATTEMPTS", "DIED", "ERROR"])
        #expect(Set(rows.dropFirst().map { String($0.prefix(36)) }) == [first, second])
        #expect(table.output.contains(" ago  no such user\n"))
        let lines = try await desk.penstock("dead", desk.queue, "--type", "mail", "--json").output
            .split(separator: "\n")
        #expect(lines.count == 1)
        let letter = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
        #expect(letter?["id"] as? String == second)
        #expect(letter?["error"] as? String == "timeout")
        #expect(letter?["queue"] as? String == desk.queue)
        #expect(try await desk.penstock("dead", desk.queue, "--error", "such", "--count").output == "1\n")
        #expect(
            try await desk.penstock("dead", desk.queue, "--to", "2020-01-01T00:00:00Z").output
                == "no dead letter fits\n")
    }

    @Test func `a list that is cut says so`() async throws {
        for _ in 0..<3 { _ = try await desk.bury("e") }
        let program = try await desk.penstock("dead", desk.queue, "--limit", "2")
        #expect(program.output.split(separator: "\n").count == 3)
        #expect(
            program.errors == ["penstock: there are more in \(desk.queue); list them with --limit or a filter"])
        #expect(try await desk.penstock("dead", desk.queue, "--limit", "3").errors.isEmpty)
        #expect(try await desk.penstock("dead", desk.queue, "--limit", "2", "--count").output == "3\n")
    }

    @Test func `all are counted, also those of the pages after the first`() async throws {
        for _ in 0..<3 { _ = try await desk.bury("timeout") }
        // Two pages of others, by one dead letter that is written under many names.
        let dead = "penstock:{\(desk.queue)}:dead", jobs = "penstock:{\(desk.queue)}:jobs"
        let id = try await desk.bury("no such user")
        let header = try #require(try await desk.redis("HGET", jobs, id).string)
        let names = (0..<250).map { "copy-\($0)" }
        try await desk.redis(["HSET", jobs] + names.flatMap { [$0, header] })
        try await desk.redis(["ZADD", dead] + names.flatMap { ["1000", $0] })
        #expect(try await desk.penstock("dead", desk.queue, "--count").output == "254\n")
        #expect(try await desk.penstock("dead", desk.queue, "--error", "timeout", "--count").output == "3\n")
        #expect(try await desk.penstock("dead", desk.queue, "--error", "user", "--count").output == "251\n")
    }

    @Test func `a job shows the history of its errors`() async throws {
        let id = try await desk.bury("broken")
        let shown = try await desk.penstock("job", id)
        let line = shown.output.split(separator: "\n").last.map(String.init) ?? ""
        #expect(line.hasPrefix("failed    20"))
        #expect(line.hasSuffix(", attempt 1, hand: broken"))
        #expect(try await desk.penstock("job", id, "--json").output.contains("\"failures\":[{\"at\":\"20"))
    }

    @Test func `one is requeued, and not while another job has its unique key`() async throws {
        let id = try await desk.bury("broken", type: "t", "unique", "k")
        let other = try await desk.enqueue("t", "unique", "k")
        let refused = try await desk.penstock("requeue", id)
        #expect(refused.code == 1)
        #expect(
            refused.errors == [
                "penstock: job \(other) has taken the unique key meanwhile; resolve \(id), or requeue it after that one"
            ])
        _ = try await desk.penstock("cancel", other)
        #expect(try await desk.penstock("requeue", id, "--delay", "1h").output == "queued \(id)\n")
        #expect(try await desk.penstock("job", id).output.contains("state     delayed\n"))
    }

    @Test func `all that fit are requeued, at a rate`() async throws {
        for _ in 0..<3 { _ = try await desk.bury("timeout") }
        let other = try await desk.bury("no such user")
        let program = try await desk.penstock(
            "requeue", "--all", "--queue", desk.queue, "--error", "timeout", "--rate", "1")
        #expect(program.output == "\(desk.queue): 3 requeued\n")
        #expect(try await desk.penstock("dead", desk.queue, "--count").output == "1\n")
        // The first at once, the others a second apart.
        let counts = try await desk.function("backlog", [])
        let delayed = try #require(counts.firstIndex(of: "delayed"))
        #expect(counts[delayed + 1] == "2")
        #expect(try await desk.penstock("resolve", other, "--note", "user was deleted").output == "resolved \(other)\n")
        #expect(try await desk.penstock("dead", desk.queue, "--count").output == "0\n")
    }
}
