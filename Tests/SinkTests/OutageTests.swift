import Penstock
import Servers
import Support
import Testing

@testable import Sink

/// What happens when the server goes away; each test has a server of its own.
@Suite struct OutageTests {
    @Test func `a server that is killed in mid-batch has every record once when it is back`() async throws {
        let server = try PostgresServer.started()
        let ledger = try Ledger(url: server.url)
        _ = try await ledger.migrate()
        let batches = 60
        let recorder = Task {
            var failures = 0
            for batch in 0..<batches {
                let events = (0..<200).map { (number: Int) in
                    Event.make(.completed, "job-\(batch)-\(number)", run: batch * 200 + number, payload: "1")
                }
                while true {
                    do {
                        _ = try await ledger.record(events.inQueue)
                        break
                    } catch PostgresError.away {
                        failures += 1
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            return failures
        }
        let history = try PostgresHistory(url: server.url)
        for batch in [10, 30] {
            while try await history.job(queue: "github", id: "job-\(batch)-0") == nil { await Task.yield() }
            server.kill()
            try server.start()
        }
        #expect(try await recorder.value >= 2)
        let session = Session(try Address(server.url), name: "test")
        let counts = try await session.perform { connection throws(PostgresError) in
            try connection.query(
                "SELECT count(*), count(DISTINCT id), (SELECT count(*) FROM penstock.attempts) FROM penstock.jobs",
                within: .seconds(5))
        }
        #expect(counts.first?.integer(0) == batches * 200)
        #expect(counts.first?.integer(1) == batches * 200)
        #expect(counts.first?.integer(2) == batches * 200)
    }

    @Test func `a connection that the server has closed is replaced without an error`() async throws {
        let server = try PostgresServer.started()
        let ledger = try Ledger(url: server.url)
        _ = try await ledger.migrate()
        let history = try PostgresHistory(url: server.url)
        try await history.check()
        server.stop()
        try server.start()
        try await history.check()
        _ = try await ledger.record([.make(.completed, "a")].inQueue)
        #expect(try await history.job(queue: "github", id: "a") != nil)
    }

    @Test func `a server that hangs is noticed`() async throws {
        let server = try PostgresServer.started()
        _ = try await Ledger(url: server.url).migrate()
        let history = try PostgresHistory(url: server.url)
        try await history.check()
        server.suspend()
        defer { server.resume() }
        let time = await ContinuousClock().measure {
            await #expect(throws: PostgresError.self) { try await history.check() }
        }
        #expect(time < .seconds(30))
    }
}
