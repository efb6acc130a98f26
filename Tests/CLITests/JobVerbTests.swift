import Servers
import Testing

@testable import CLI

/// What operators do to one job, by the built program.
@Suite struct JobVerbTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test func `a job that waits is cancelled at once, and is gone`() async throws {
        let id = try await desk.enqueue("t", "delay", "3600000")
        #expect(try await desk.penstock("cancel", id).output == "cancelled \(id)\n")
        let again = try await desk.penstock("cancel", id)
        #expect(again.code == 1)
        #expect(again.errors.first?.hasPrefix("penstock: no live or dead job is \(id) in unix://") == true)
        #expect(again.errors.first?.hasSuffix("; check the id, or name its queue with --queue") == true)
    }

    @Test func `a job whose end no sink has recorded is not called unknown`() async throws {
        let postgres = try AssemblyTests.postgres.get()
        _ = try await desk.function("configure", ["record", "yes"])
        let id = try await desk.enqueue("t", "delay", "3600000")
        #expect(try await desk.penstock("cancel", id).code == 0)
        let shown = try await Program.run(
            ["job", id, "--queue", desk.queue], environment: ["REDIS_URL": desk.url, "DATABASE_URL": postgres.url])
        #expect(shown.code == 1)
        #expect(
            shown.errors.first?.hasSuffix(
                "nor in Postgres, where events are still to come (1); check the id, or ask again when a sink has recorded them"
            ) == true)
    }

    @Test func `a job that runs is told to end, and is shown so`() async throws {
        let id = try await desk.enqueue()
        try await desk.claim(1)
        #expect(try await desk.penstock("cancel", id).output == "cancelling \(id)\n")
        let shown = try await desk.penstock("job", id)
        #expect(shown.output.contains("state     running, its cancellation asked for\n"))
        #expect(shown.output.contains("worker    hand\n"))
        #expect(try await desk.penstock("job", id, "--json").output.contains("\"cancelling\":true"))
    }

    @Test func `a job gets another level and another time`() async throws {
        let id = try await desk.enqueue("t", "delay", "3600000")
        let moved = try await desk.penstock("move", id, "--priority", "high", "--delay", "0s")
        #expect(moved.output == "moved \(id)\n")
        let shown = try await desk.penstock("job", id).output
        #expect(shown.contains("state     waiting\n"))
        #expect(shown.contains("priority  high\n"))
    }

    @Test func `a job moves to another queue, and not where its unique key is taken`() async throws {
        let other = try Desk()
        _ = try await other.enqueue()
        let id = try await desk.enqueue("t", "unique", "k")
        // Only what is known can be moved to: a slip of the pen would hide the job.
        let slip = try await desk.penstock("move", id, "--to", "\(other.queue)x", "--queue", desk.queue)
        #expect(slip.code == 1)
        #expect(slip.errors.first?.hasPrefix("penstock: no queue is named \(other.queue)x in ") == true)
        #expect(slip.errors.first?.hasSuffix("; did you mean \"\(other.queue)\"?") == true)
        #expect(try await desk.penstock("move", id, "--to", other.queue).output == "moved \(id)\n")
        #expect(try await desk.penstock("job", id).output.contains("queue     \(other.queue)\n"))
        let second = try await desk.enqueue("t", "unique", "k")
        let refused = try await desk.penstock("move", second, "--to", other.queue)
        #expect(refused.code == 1)
        #expect(
            refused.errors == [
                "penstock: queue \(other.queue) has job \(id) under the same id or unique key; \(second) stays in \(desk.queue)"
            ])
    }

    @Test func `one sentence says why a job does not run`() async throws {
        let id = try await desk.enqueue()
        _ = try await desk.function("pause", [])
        let why = try await desk.penstock("why", id)
        #expect(
            why.output
                == "job \(id) waits at level normal, 0 jobs of it before this one: the queue is paused; resume it (queue \(desk.queue))\n"
        )
        let unknown = try await desk.penstock("why", "nobody", "--queue", desk.queue)
        #expect(unknown.code == 1)
        #expect(
            unknown.errors == [
                "penstock: queue \(desk.queue) has no live or dead job nobody; ended jobs are in Postgres"
            ])
    }

    @Test func `of two queues with the same id one has to be named`() async throws {
        let other = try Desk()
        let id = "id-\(desk.queue)"
        _ = try await desk.enqueue("t", "id", id, "delay", "3600000")
        _ = try await other.enqueue("t", "id", id, "delay", "3600000")
        let names = [desk.queue, other.queue].sorted().joined(separator: ", ")
        let asked = try await desk.penstock("cancel", id)
        #expect(asked.code == 1)
        #expect(asked.errors == ["penstock: each of the queues \(names) has a job \(id); say which with --queue"])
        #expect(try await desk.penstock("cancel", id, "--queue", other.queue).code == 0)
        #expect(try await desk.penstock("cancel", id).output == "cancelled \(id)\n")
    }

    @Test func `what cannot be done to a job in its state is said, with a remedy`() async throws {
        let dead = try await desk.bury("broken")
        let id = try await desk.enqueue()
        for (arguments, text) in [
            (["cancel", dead], "job \(dead) is dead already; requeue or resolve it"),
            (["move", dead, "--delay", "0s"], "move is for waiting, delayed and parked jobs: requeue it"),
            (["requeue", id], "job \(id) is not dead; penstock job shows what it is"),
            (["resolve", id, "--note", "n"], "job \(id) is not dead"),
        ] {
            let program = try await Program.run(arguments, environment: ["REDIS_URL": desk.url])
            #expect(program.code == 1)
            #expect(program.errors.count == 1)
            #expect(program.errors.first?.hasSuffix(text) == true, "\(program.errors)")
        }
    }

    @Test func `an enqueue has all that decides about its unique key and its start`() async throws {
        let queue = desk.queue
        let first = try await desk.penstock(
            "enqueue", queue, "t", "1", "--unique", "k", "--conflict", "replace", "--delay", "1h", "--max-wait", "2h")
        let id = first.output.dropFirst("queued ".count).dropLast()
        let second = try await desk.penstock(
            "enqueue", queue, "t", "2", "--unique", "k", "--conflict", "replace", "--delay", "1h")
        #expect(second.output == "replaced \(id)\n")
        #expect(try await desk.penstock("job", String(id)).output.contains("payload   2\n"))
        _ = try await desk.penstock("enqueue", queue, "t", "--unique", "s", "--singleton", "skip")
        let other = try await desk.penstock("enqueue", queue, "t", "--unique", "s", "--singleton", "cancel")
        #expect(other.output.hasPrefix("queued "))
        let scoped = try await desk.penstock(
            "enqueue", queue, "t", "--unique", "u", "--scope", "until-finished", "--deadline", "1m", "--late", "drop")
        #expect(scoped.code == 0)
        let header = try await desk.redis(
            "HGET", "penstock:{\(queue)}:jobs", String(scoped.output.dropFirst("queued ".count).dropLast()))
        #expect(header.string?.contains("\"late\":\"drop\"") == true)
        #expect(header.string?.contains("\"scope\":\"until-finished\"") == true)
    }
}
