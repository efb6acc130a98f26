import Foundation
import Redis
import Testing

/// What went wrong with a job, each time.
@Suite struct HistoryTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    @Test func `each failure and each crash leaves a note, with the attempt and the worker`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne(by: "w1").ends("retry", "0", "first \"no\""), by: "w1") == ["OK"])
        try await queue.age(queue.claimOne(by: "w2"), 30_001)
        _ = try await queue.recover()
        #expect(try await queue.settle(queue.claimOne(by: "w3").ends("dead", "last"), by: "w3") == ["OK"])
        let notes = try await notes(id)
        #expect(notes.map { $0["error"] } == ["first \"no\"", "its worker did not come back", "last"])
        #expect(notes.map { $0["worker"] } == ["w1", "w2", "w3"])
        #expect(notes.map { $0["attempt"] } == ["1", "1", "2"])
        let now = try await queue.now()
        #expect(notes.allSatisfy { (now - 600_000...now).contains(Int($0["at"] ?? "") ?? 0) })
        // A new life does not forget the old one.
        try await queue.call("requeue", id)
        #expect(try await self.notes(id).count == 3)
    }

    @Test func `the last ten are kept, each error to a KiB`() async throws {
        let id = try await queue.enqueue()
        for number in 1...12 {
            let text = "\(number) " + String(repeating: "e", count: 5_000)
            #expect(try await queue.settle(queue.claimOne().ends("retry", "0", text)) == ["OK"])
        }
        let notes = try await notes(id)
        #expect(notes.map { $0["attempt"] } == (3...12).map { "\($0)" })
        #expect(notes.allSatisfy { $0["error"]?.count == 1_024 })
    }

    @Test func `an error with line breaks is one note`() async throws {
        let id = try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("retry", "0", "a\nb\u{0}\"}")) == ["OK"])
        #expect(try await notes(id).map { $0["error"] } == ["a\nb\u{0}\"}"])
    }

    @Test("it goes with the job", arguments: [["completed", ""], ["skipped", "r"], ["cancelled"]])
    func gone(verb: [String]) async throws {
        try await queue.enqueue()
        #expect(try await queue.settle(queue.claimOne().ends("retry", "0", "e")) == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("history")) == 1)
        #expect(try await queue.settle(queue.claimOne().name + ["1", "1"] + verb) == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("history")) == 0)
    }

    @Test func `a crash alone leaves a note, and it goes with the job too`() async throws {
        let id = try await queue.enqueue()
        try await queue.age(queue.claimOne(), 30_001)
        _ = try await queue.recover()
        #expect(try await notes(id).count == 1)
        #expect(try await queue.settle(queue.claimOne().completes) == ["OK"])
        #expect(try await queue.integer("EXISTS", queue.key("history")) == 0)
    }

    private func notes(_ id: String) async throws -> [[String: String]] {
        try #require(try await queue.job(id)?["history"]).split(separator: "\n").map { Run.fields(String($0)) }
    }
}
