import NIOCore
import Redis
import Testing

/// Jobs by a plain XADD, and entry ids that are not ours.
@Suite struct AdoptionTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test("a plain XADD into a level is a job of that level", arguments: ["critical", "high", "normal", "low"])
    func adopted(level: String) async throws {
        let entry = try await add(level, "*", "type", "push", "payload", "{\"a\":1}")
        let run = try await queue.claimOne()
        #expect(run.id == "\(level)-\(entry)")
        #expect(run.level == level)
        #expect(run.header["type"] == "push")
        #expect(run.header["priority"] ?? "normal" == level)
        #expect(run.payload == ByteBuffer(string: "{\"a\":1}"))
        #expect(try await queue.stat("accepted") == 1)
        #expect(try await queue.state(run.id) == "running")
        #expect(try await queue.settle(run.ends("retry", "60000", "e")) == ["OK"])
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", run.id)
        let again = try await queue.claimOne()
        #expect(again.id == run.id && again.level == level)
        #expect(try await queue.settle(again.completes) == ["OK"])
        #expect(try await queue.length(level) == 0)
        #expect(try await queue.waiting() == 0)
    }

    @Test func `the same entry id in two levels is two jobs`() async throws {
        try await add("high", "5-1", "type", "a", "payload", "1")
        try await add("low", "5-1", "payload", String(repeating: "2", count: 2_000), "type", "b")
        let runs = try await queue.turn().runs
        #expect(runs.map(\.id) == ["high-5-1", "low-5-1"])
        #expect(runs[1].payload.readableBytes == 2_000)
        #expect(try await queue.turn(0, runs.map(\.completes)).answers == ["OK", "OK"])
        #expect(try await queue.integer("EXISTS", queue.key("jobs"), queue.key("bodies")) == 0)
    }

    @Test(
        "an entry that is no job is buried with its bytes, and the next ones are claimed",
        arguments: [
            ["type", "push"], ["payload", "{}"], ["hello", "world"], ["type", "", "payload", "{}"],
            ["type", "a\nb", "payload", "{}"], ["id", ""], ["hello", "one\ntwo\nthree"],
        ])
    func garbage(fields: [String]) async throws {
        try await queue.config("record", "yes")
        var command = Command("XADD", queue.key("normal"), "5-1")
        command.append(contentsOf: fields)
        _ = try await queue.send(command)
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        #expect(run.id == id)
        let event = try #require(try await queue.events().first)
        #expect(event["kind"] == "dead" && event["id"] == "normal-5-1")
        #expect(event["raw"] == fields.joined(separator: " "))
        #expect(try await queue.stat("dead") == 1)
        #expect(try await queue.stat("bytes") == 2)
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.length("normal") == 0)
    }

    @Test func `an entry that names no living job is skipped`() async throws {
        let id = try await queue.enqueue()
        try await add("normal", "*", "id", "ghost", "type", "t", "payload", "{}")
        try await add("normal", "*", "id", id)
        #expect(try await queue.turn().runs.map(\.id) == [id])
        #expect(try await queue.waiting() == 0)
        #expect(try await queue.events().isEmpty)
    }

    @Test func `a job that was given the id of an entry is not overwritten by it`() async throws {
        try await queue.enqueue("mine", "1", "id", "normal-5-1", "priority", "low")
        try await add("normal", "5-1", "type", "plain", "payload", "2")
        let runs = try await queue.turn().runs + queue.turn().runs
        #expect(
            runs.map { $0.header["type"] } == ["mine", "plain"] || runs.map { $0.header["type"] } == ["plain", "mine"])
        #expect(Set(runs.map(\.id)).count == 2)
        #expect(try await queue.turn(0, runs.map(\.completes)).answers == ["OK", "OK"])
        #expect(try await queue.waiting() == 0)
        #expect(try await queue.length("normal") == 0)
    }

    @Test(
        "a stream that is ahead of the clock goes on taking, handing out and settling jobs",
        arguments: [
            "9999999999999-7", "99999999999999-0", "9007199254740993-3", "18446744073709551614-1",
            "5-18446744073709551614",
        ])
    func ahead(entry: String) async throws {
        for stream in queue.streams where stream != "returned" {
            try await add(stream, entry, "type", "plain", "payload", "{}")
        }
        try await queue.redis("XADD", queue.key("returned"), entry, "id", "ghost")
        let delayed = try await queue.enqueue("t", "{}", "delay", "60000", "priority", "low")
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", delayed)
        var ids: Set<String> = [delayed]
        for stream in queue.streams where stream != "returned" {
            ids.insert("\(stream)-\(entry)")
            for _ in 0..<2 { ids.insert(try await queue.enqueue("t", "{}", "priority", stream)) }
        }
        var runs = try await queue.turn().runs
        #expect(Set(runs.map(\.id)) == ids)
        #expect(Set(try await queue.turn(0, runs.map { $0.ends("release") }).answers) == ["OK"])
        runs = try await queue.turn().runs
        #expect(Set(runs.map(\.id)) == ids)
        #expect(Set(try await queue.turn(0, runs.map { $0.ends("unhandled") }).answers) == ["OK"])
        for id in ids { #expect(try await queue.state(id) == "parked") }
        try await queue.call("renew", "w1", "1000", "last", "2", "plain", "t")
        runs = try await queue.turn().runs
        #expect(Set(runs.map(\.id)) == ids)
        #expect(Set(try await queue.turn(0, runs.shuffled().map(\.completes)).answers) == ["OK"])
        for stream in queue.streams { #expect(try await queue.length(stream) == 0, "\(stream)") }
        #expect(try await queue.waiting() == 0)
    }

    @Test(
        "an entry with the last possible id stops nothing, in its level or elsewhere",
        arguments: ["critical", "normal", "returned"])
    func last(stream: String) async throws {
        try await queue.enqueue("t", "{}", "id", "before", "priority", "critical")
        let before = try await queue.claimOne()
        try await add(stream, "18446744073709551615-18446744073709551615", "type", "plain", "payload", "{}")
        try await queue.enqueue("t", "{}", "id", "delayed", "delay", "60000")
        try await queue.makeDue()
        for level in queue.streams where level != "returned" {
            try await queue.enqueue("t", "{}", "id", level, "priority", level)
        }
        #expect(try await queue.settle(before.ends("release")) == ["OK"])
        let ids = try await queue.runAll()
        #expect(
            Set(ids.filter { !$0.hasPrefix("\(stream)-") }) == [
                "before", "delayed", "critical", "high", "normal", "low",
            ])
        #expect(ids.count == 7)
        try await queue.expectClean()
    }

    @Test func `a job that waits behind an entry of the future is moved at once`() async throws {
        try await add("normal", "9999999999999-0", "type", "plain", "payload", "{}")
        try await queue.config("concurrency:type:t", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id) }
        _ = try await queue.claimed()
        #expect(try await queue.state("b") == "parked")
        try await queue.call("move", "b", "priority", "high")
        #expect(try await queue.state("b") == "waiting")
    }

    @discardableResult
    private func add(_ stream: String, _ entry: String, _ fields: String...) async throws -> String {
        var command = Command("XADD", queue.key(stream), entry)
        command.append(contentsOf: fields)
        return try #require(try await queue.send(command).string)
    }
}
