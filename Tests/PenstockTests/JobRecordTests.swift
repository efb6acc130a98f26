import NIOCore
import Penstock
import Servers
import Support
import Testing

/// What can be known of a job while it lives.
@Suite(.timeLimit(.minutes(3))) struct JobRecordTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    @Test(arguments: [2, 5000])
    func `a waiting, delayed, running and dead job is shown as such, with its payload`(size: Int) async throws {
        let rig = try await Rig(on: Self.server.get())
        let payload = String(repeating: "p", count: size)
        let gate = Gate()
        let worker = try rig.worker([
            "hold": { _ in
                await gate.pass()
                return .none
            },
            "bury": { _ in throw Bury("no use") },
        ])
        let running = try await rig.enqueue("hold", payload) {
            $0.priority = .high
            $0.key = "tenant"
            $0.source = "api"
        }
        let dead = try await rig.enqueue("bury", payload)
        try await Crew.with(worker) {
            defer { gate.open() }
            try await until("one runs, one is dead") {
                let isDead = try await rig.queue.job(dead)?.state == .dead
                return gate.arrived == 1 && isDead
            }
            try await rig.queue.pause()
            let waiting = try await rig.enqueue("hold", payload)
            let delayed = try await rig.enqueue("hold", payload) { $0.delay = .seconds(60) }
            var records: [JobRecord] = []
            for id in [waiting, delayed, running, dead] {
                let record = try #require(await rig.queue.job(id))
                #expect(record.id == id && record.queue == rig.queue.name)
                #expect(record.payload == ByteBuffer(string: payload) && record.enqueuedAt != nil)
                records.append(record)
            }
            #expect(records.map(\.state) == [.waiting, .delayed, .running, .dead])
            #expect(records.map(\.type) == ["hold", "hold", "hold", "bury"])
            #expect(records.map(\.attempts) == [0, 0, 0, 1])
            #expect(records.map(\.worker) == [nil, nil, worker.name, nil])
            #expect(records.map(\.error) == [nil, nil, nil, "no use"])
            #expect(records.map { $0.finishedAt != nil } == [false, false, false, true])
            let due = try #require(records[1].dueAt).timeIntervalSince(try #require(records[1].enqueuedAt))
            #expect(abs(due - 60) < 0.002)
            #expect(records[2].priority == .high && records[2].key == "tenant" && records[2].source == "api")
        }
        #expect(try await rig.queue.job(running) == nil)
        #expect(try await rig.queue.job("nobody") == nil)
    }

    @Test func `the backlog counts each of them`() async throws {
        let rig = try await Rig(on: Self.server.get())
        try await rig.enqueue(count: 3)
        try await rig.enqueue { $0.priority = .low }
        try await rig.enqueue { $0.delay = .seconds(60) }
        let id = try await rig.enqueue { $0.unique = "u" }
        #expect(try await rig.enqueue { $0.unique = "u" } == id)
        let backlog = try await rig.queue.backlog()
        #expect(backlog.queue == rig.queue.name && backlog.isRecording && !backlog.isPaused)
        #expect(backlog.levels.map(\.name) == ["critical", "high", "normal", "low", "returned"])
        #expect(backlog.levels.map(\.waiting) == [0, 0, 4, 1, 0] && backlog.waiting == 5)
        #expect(backlog.delayed == 1 && backlog.dead == 0 && backlog.running == 0)
        #expect(backlog.totals["accepted"] == 6 && backlog.totals["duplicate"] == 1)
        #expect(backlog.levels.map { $0.oldest != nil } == [false, false, true, true, false])
        #expect(try #require(backlog.oldest) <= backlog.now)
    }

    @Test func `settings that change are told, and wrong ones refused`() async throws {
        let rig = try await Rig(on: Self.server.get(), lease: 2000)
        let changes = try await rig.queue.configure(["lease": "3000", "record": "yes", "maxLength": "7"])
        #expect(changes.map(\.name) == ["lease", "maxLength"])
        #expect(changes.map(\.old) == ["2000", "0"] && changes.map(\.new) == ["3000", "7"])
        for wrong in [["lease": "999"], ["weights": "1:2"], ["record": "maybe"], ["colour": "red"]] {
            await #expect { try await rig.queue.configure(wrong) } throws: {
                if case QueueError.invalid = $0 { true } else { false }
            }
        }
        #expect(try await rig.queue.configure(["lease": "3000"]).isEmpty)
    }
}
