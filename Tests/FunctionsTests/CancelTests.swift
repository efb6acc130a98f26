import Redis
import Testing

@Suite struct CancelTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `a waiting job is cancelled at once`() async throws {
        let id = try await queue.enqueue("t", "{\"p\":1}", "priority", "high")
        #expect(try await queue.call("cancel", id) == ["cancelled", id])
        try await expectGone(id)
        #expect(try await queue.events().first?["payload"] == "{\"p\":1}")
    }

    @Test func `a delayed job is cancelled at once`() async throws {
        let id = try await queue.enqueue("t", "{}", "delay", "60000")
        #expect(try await queue.call("cancel", id) == ["cancelled", id])
        try await expectGone(id)
        #expect(try await queue.integer("ZCARD", queue.key("delayed")) == 0)
    }

    @Test func `a job that has lost its place is cancelled too`() async throws {
        let id = try await queue.enqueue("t", "{}", "delay", "60000")
        try await queue.redis("DEL", queue.key("delayed"))
        #expect(try await queue.call("cancel", id) == ["cancelled", id])
        try await expectGone(id)
    }

    @Test func `a parked job is cancelled at once`() async throws {
        let id = try await queue.enqueue("t", "{}", "priority", "low")
        #expect(try await queue.settle(queue.claimOne().ends("unhandled")) == ["OK"])
        #expect(try await queue.call("cancel", id) == ["cancelled", id])
        try await expectGone(id)
        #expect(try await queue.integer("ZCARD", queue.key("parked")) == 0)
    }

    @Test func `the event of a cancelled job tells of the job, not of where it waited`() async throws {
        try await queue.config("concurrency:key", "1")
        for id in ["a", "b"] { try await queue.enqueue("t", "{}", "id", id, "key", "k") }
        let run = try #require(try await queue.turn().runs.first)
        for id in ["a", "b"] { try await queue.call("cancel", id) }
        #expect(try await queue.settle(run.ends("release")) == ["OK"])
        for event in try await queue.events() {
            let header = Run.fields(event["header"] ?? "")
            #expect(header["type"] == "t" && header["key"] == "k")
            for field in ["cancel", "parked", "place"] { #expect(header[field] == nil, "\(field)") }
        }
    }

    @Test func `a returned job is cancelled at once`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("release")) == ["OK"])
        #expect(try await queue.call("cancel", id) == ["cancelled", id])
        #expect(try await queue.turn().runs.isEmpty)
        #expect(try await queue.waiting() == 0)
    }

    @Test func `the worker of a running job hears of it at the next renewal`() async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        #expect(try await queue.call("cancel", id) == ["cancelling", id])
        #expect(try await queue.state(id) == "running")
        let renewal = try #require(try await queue.reply("renew", ["w1", "10000", "last", "0"] + run.name).strings)
        #expect(renewal.last == "CANCEL")
        #expect(try await queue.settle(run.ends("cancelled")) == ["OK"])
        try await expectGone(id)
    }

    @Test func `a running job may still complete`() async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        try await queue.call("cancel", id)
        #expect(try await queue.settle(run.completes) == ["OK"])
        #expect(try await queue.kinds() == ["completed"])
    }

    @Test(
        "a job that is to be cancelled does not wait again",
        arguments: [["retry", "0", "e"], ["snooze", "0"], ["release"], ["unhandled"], ["dead", "e"]])
    func ends(verb: [String]) async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        try await queue.call("cancel", id)
        #expect(try await queue.settle(run.name + ["1", "1"] + verb) == ["OK"])
        try await expectGone(id)
    }

    @Test func `nor after its worker died`() async throws {
        let id = try await queue.enqueue()
        let run = try await queue.claimOne()
        try await queue.call("cancel", id)
        try await queue.age(run, 30_001)
        _ = try await queue.recover()
        try await expectGone(id)
    }

    @Test func `nor is it buried when its worker dies for the third time`() async throws {
        let id = try await queue.enqueue()
        for crash in 1...3 {
            let run = try await queue.claimOne()
            if crash == 3 { try await queue.call("cancel", id) }
            try await queue.age(run, 30_001)
            _ = try await queue.recover()
        }
        try await expectGone(id)
    }

    @Test func `a dead letter and an unknown job are not cancelled`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("dead", "no")) == ["OK"])
        #expect(try await queue.refusal("cancel", [id]) == "INVALID")
        #expect(try await queue.refusal("cancel", ["nobody"]) == "UNKNOWN")
        #expect(try await queue.refusal("cancel", []) == "INVALID")
        #expect(try await queue.state(id) == "dead")
    }

    private func expectGone(_ id: String) async throws {
        #expect(try await queue.job(id) == nil)
        #expect(try await queue.turn().runs.isEmpty)
        #expect(try await queue.waiting() == 0)
        #expect(try await queue.kinds().last == "cancelled")
        #expect(try await queue.stat("cancelled") == 1)
    }
}
