import Foundation
import NIOCore
import Redis
import Testing

@Suite struct EnqueueTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test(
        "an option stands in the header as it was given",
        arguments: [
            ("key", "org/repo"), ("unique", "github:1"), ("timeout", "5000"), ("source", "github"),
            ("traceparent", "00-1-2-01"), ("id", "my id"),
        ])
    func options(name: String, value: String) async throws {
        let id = try await queue.enqueue("push", "{}", name, value)
        let run = try await queue.claimOne()
        #expect(run.id == id)
        #expect(run.header["type"] == "push")
        #expect(name == "id" ? id == value : run.header[name] == value)
    }

    @Test func `attempts becomes maxAttempts`() async throws {
        try await queue.enqueue("t", "{}", "attempts", "7")
        #expect(try await queue.claimOne().header["maxAttempts"] == "7")
    }

    @Test func `names of options are read whatever their case`() async throws {
        try await queue.enqueue("t", "{}", "PRIORITY", "low")
        #expect(try await queue.claimOne().level == "low")
    }

    @Test(
        "a priority is a name or a number",
        arguments: [
            ("critical", "critical"), ("high", "high"), ("normal", "normal"), ("low", "low"), ("0", "critical"),
            ("1", "high"), ("2", "normal"), ("3", "low"),
        ])
    func priorities(given: String, level: String) async throws {
        try await queue.enqueue("t", "{}", "priority", given)
        let run = try await queue.claimOne()
        #expect(run.level == level)
        #expect(run.header["priority"] ?? "normal" == level)
    }

    @Test func `headers of the producer stay byte for byte`() async throws {
        let headers = " {\"a\":[],\"b\":{},\"c\":1e3,\"d\":\"\\u0000/\\/é\",\n\"e\":12345678901234567890}"
        let id = try await queue.enqueue("t", "{}", "headers", headers)
        #expect(try await queue.claimOne().header["headers"] == headers)
        #expect(try await queue.settle(queue.claimAgain(id).ends("release")) == ["OK"])
        #expect(try await queue.claimOne().header["headers"] == headers)
    }

    @Test("a payload stays byte for byte", arguments: [0, 1, 1023, 1024, 1025, 70_000])
    func payloads(size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var command = Command("FCALL", "penstock_enqueue", "1", queue.name, "t")
        command.append(ByteBuffer(bytes: bytes))
        _ = try await queue.send(command)
        let run = try await queue.claimOne()
        #expect(Array(run.payload.readableBytesView) == bytes)
        let bodies = try await queue.integer("HLEN", queue.key("bodies"))
        #expect(bodies == (size > 1024 ? 1 : 0))
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("bodies"), queue.key("jobs")) == 0)
    }

    @Test func `a job without id gets a UUIDv7 of the server's time`() async throws {
        let before = try await queue.now()
        var ids: [String] = []
        for _ in 0..<50 { ids.append(try await queue.enqueue()) }
        let after = try await queue.now()
        #expect(Set(ids).count == 50)
        for id in ids {
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            let time = Int(id.prefix(13).filter { $0 != "-" }, radix: 16) ?? 0
            #expect((before...after).contains(time))
        }
    }

    @Test func `a delayed job waits for its time`() async throws {
        let id = try await queue.enqueue("t", "{}", "delay", "60000", "priority", "high")
        #expect(try await queue.state(id) == "delayed")
        let turn = try await queue.turn()
        #expect(turn.runs.isEmpty)
        #expect((30_000...60_000).contains(turn.next))
        try await queue.redis("ZADD", queue.key("delayed"), "XX", "1", id)
        let run = try await queue.claimOne()
        #expect(run.id == id)
        #expect(run.level == "high")
    }

    @Test func `at is a time of the server's clock, and one that is past means now`() async throws {
        let due = try await queue.now() + 3_600_000
        let late = try await queue.enqueue("t", "{}", "at", String(due))
        #expect(try await queue.job(late)?["due"] == String(due))
        let early = try await queue.enqueue("t", "{}", "at", "1000")
        #expect(try await queue.turn().runs.map(\.id) == [early])
    }

    @Test func `an id is taken while its job lives or is a dead letter`() async throws {
        let first = try await queue.call("enqueue", "t", "1", "id", "a")
        #expect(first == ["queued", "a"])
        #expect(try await queue.call("enqueue", "t", "2", "id", "a") == ["duplicate", "a"])
        let run = try await queue.claimOne()
        #expect(run.payload == ByteBuffer(string: "1"))
        #expect(try await queue.settle(run.ends("dead", "no")) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "3", "id", "a") == ["duplicate", "a"])
        #expect(try await queue.call("requeue", "a") == ["queued", "a"])
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.call("enqueue", "t", "4", "id", "a") == ["queued", "a"])
        #expect(try await queue.stat("duplicate") == 2)
        #expect(try await queue.stat("accepted") == 2)
    }

    @Test func `enqueue writes no event`() async throws {
        try await queue.enqueue()
        #expect(try await queue.events().isEmpty)
    }

    @Test func `enqueue_many answers for each job, and one mistake harms no other`() async throws {
        let answers = try await queue.call(
            "enqueue_many", "2", "t", "1", "4", "t", "2", "priority", "urgent", "4", "t", "3", "id", "x", "4", "t",
            "4", "id", "x", "3", "t", "5", "id")
        #expect(
            answers.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
                == ["queued", "error", "queued", "duplicate", "error"])
        #expect(answers[3].hasPrefix("INVALID "))
        #expect(answers[7] == "x")
        #expect(try await queue.turn().runs.map { String(buffer: $0.payload) } == ["1", "3"])
    }
}

extension TestQueue {
    /// The run of a job that is running under `w1` since the last claim, as `penstock_job` names it.
    func claimAgain(_ id: String) async throws -> Run {
        let header = try await header(id)
        return Run(
            consumer: "w1", level: header["stream"] ?? header["priority"] ?? "normal", entry: header["entry"] ?? "",
            id: id, line: "", payload: ByteBuffer())
    }
}
