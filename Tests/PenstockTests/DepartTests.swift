import NIOCore
import Redis
import Servers
import Support
import Testing

@testable import Penstock

/// Moving a job to another queue.
@Suite(.timeLimit(.minutes(3))) struct DepartTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }
    private static let other = Result { try RedisServer.started(appendOnly: false) }

    @Test func `a job moves to a queue on another server with all that belongs to it`() async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        let id = try await here.enqueue("work", "payload") {
            $0.priority = .high
            $0.key = "k"
            $0.attempts = 9
            $0.delay = .seconds(3600)
            $0.headers = ["x": "y"]
        }
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id))
        #expect(try await here.queue.job(id) == nil)
        let moved = try #require(await there.queue.job(id))
        #expect(moved.state == .delayed && moved.priority == .high && moved.key == "k")
        #expect(moved.payload == ByteBuffer(string: "payload"))
        #expect(try await here.events().map(\.kind) == [.cancelled])
    }

    @Test func `a move whose answer was lost is repeated, and the job is there once`() async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        let id = try await here.enqueue()
        // The enqueue was heard, its answer not: the job is in both, and here it does not run.
        let words = try await here.queue.call("depart", [id, there.queue.name]).strings ?? []
        #expect(try await there.queue.call("enqueue", words).strings == ["queued", id])
        #expect(try await here.queue.job(id)?.state == .parked)
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id))
        #expect(try await here.queue.job(id) == nil)
        #expect(try await there.queue.backlog().waiting == 1)
    }

    @Test func `a stranger with the same id keeps the job where it is`() async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        let id = try await here.enqueue("work", "mine") { $0.delay = .seconds(3600) }
        try await there.enqueue("work", "another's") { $0.id = id }
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id, answer: .duplicate))
        #expect(try await here.queue.job(id)?.state == .delayed)
        #expect(try await there.queue.job(id)?.payload == ByteBuffer(string: "another's"))
    }

    /// How a job of the same id, type and payload is in the other queue, or was.
    enum Namesake: CaseIterable { case waiting, delayed, dead, ended }

    @Test(arguments: Namesake.allCases)
    func `a job of the same id, type and payload that is another one keeps the job where it is`(
        namesake: Namesake
    ) async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        let id = try await here.enqueue("work", "same") {
            $0.unique = "u"
            $0.delay = .seconds(3600)
        }
        try await there.enqueue("work", "same") {
            $0.id = id
            if namesake == .ended { $0.unique = "u" }
            if namesake == .delayed { $0.delay = .seconds(60) }
        }
        if namesake == .dead || namesake == .ended {
            let worker = try there.worker([
                "work": { _ in if namesake == .dead { throw Bury("no") } else { return .none } }
            ])
            try await Crew.with(worker) {
                try await until("ends") { try await there.total(namesake == .dead ? "dead" : "completed") == 1 }
            }
        }
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id, answer: .duplicate))
        #expect(try await here.queue.job(id)?.state == .delayed)
    }

    @Test func `a repeat finds the job also when the other Redis has become full`() async throws {
        let server = try RedisServer.started(appendOnly: false)
        defer { server.stop() }
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: server)
        let id = try await here.enqueue()
        let words = try await here.queue.call("depart", [id, there.queue.name]).strings ?? []
        #expect(try await there.queue.call("enqueue", words).strings == ["queued", id])
        _ = try await there.store.send(Command("CONFIG", "SET", "maxmemory", "1"))
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id))
        #expect(try await here.queue.job(id) == nil)
    }

    @Test func `a repeat finds the job also when it is dead in the other queue`() async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        let id = try await here.enqueue()
        let words = try await here.queue.call("depart", [id, there.queue.name]).strings ?? []
        #expect(try await there.queue.call("enqueue", words).strings == ["queued", id])
        let worker = try there.worker(["work": { _ in throw Bury("no") }])
        try await Crew.with(worker) { try await until("dies") { try await there.total("dead") == 1 } }
        #expect(try await here.queue.move(id, to: there.queue) == Receipt(id: id))
        #expect(try await here.queue.job(id) == nil)
    }

    @Test func `a queue that refuses the job leaves it where it was`() async throws {
        let here = try await Rig(on: Self.server.get())
        let there = try await Rig(on: Self.other.get())
        try await there.queue.drain()
        let id = try await here.enqueue()
        await #expect { try await here.queue.move(id, to: there.queue) } throws: {
            if case QueueError.full = $0 { true } else { false }
        }
        #expect(try await here.queue.job(id)?.state == .waiting)
    }
}
