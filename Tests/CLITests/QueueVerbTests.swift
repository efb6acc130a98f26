import Foundation
import Penstock
import Testing

@testable import CLI

/// What operators do to a queue, by the built program.
@Suite struct QueueVerbTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test func `a queue is paused and resumed, and the backlog says so`() async throws {
        let queue = desk.queue
        _ = try await desk.enqueue()
        #expect(try await desk.penstock("pause", queue).output == "paused \(queue)\n")
        #expect(try await desk.claim(1).isEmpty)
        let notes = try await desk.penstock("backlog", queue).output
        #expect(notes.contains("\(queue): paused; penstock resume \(queue) resumes it\n"))
        #expect(try await desk.penstock("resume", queue).output == "resumed \(queue)\n")
        #expect(try await desk.claim(1).count == 5)
    }

    @Test func `a type is paused and resumed`() async throws {
        let queue = desk.queue
        _ = try await desk.enqueue("a b")
        #expect(try await desk.penstock("pause", queue, "--type", "a b").output == "paused type a b of \(queue)\n")
        #expect(try await desk.claim(1).isEmpty)
        let notes = try await desk.penstock("backlog", queue).output
        #expect(
            notes.contains("\(queue): type a b is paused; penstock resume \(queue) --type 'a b' resumes it\n"))
        #expect(try await desk.penstock("resume", queue, "--type", "a b").output == "resumed type a b of \(queue)\n")
        #expect(try await desk.claim(1).count == 5)
    }

    @Test func `a queue that drains takes no new jobs, and the wait ends when it is empty`() async throws {
        let queue = desk.queue
        let id = try await desk.enqueue("t", "delay", "3600000")
        #expect(try await desk.penstock("drain", queue).output == "draining \(queue)\n")
        let refused = try await desk.penstock("enqueue", queue, "t")
        #expect(refused.code == 1)
        #expect(refused.errors.first?.contains("drains and takes no new jobs; resume it") == true)
        #expect(try await desk.penstock("backlog", queue).output.contains("\(queue): draining: no new jobs are taken"))
        async let wait = desk.penstock("drain", queue, "--wait")
        _ = try await desk.penstock("cancel", id)
        #expect(try await wait.output == "drained \(queue)\n")
    }

    @Test func `a purge without a terminal needs a yes, and tells what would be lost`() async throws {
        let queue = desk.queue
        for _ in 0..<2 { _ = try await desk.enqueue() }
        let delayed = try await desk.enqueue("mail", "delay", "3600000")
        _ = try await desk.bury("e")
        let asked = try await desk.penstock("purge", queue)
        #expect(asked.code == 64)
        #expect(
            asked.errors == [
                "penstock: purge cancels 2 waiting, 1 delayed, 0 parked of queue \(queue) for good, and nobody can be asked here; add --yes"
            ])
        let typed = try await desk.penstock("purge", queue, "--state", "waiting", "--type", "mail", "--yes")
        #expect(typed.output == "purged 0\n")
        #expect(try await desk.penstock("purge", queue, "--yes").output == "purged 3\n")
        #expect(try await desk.penstock("job", delayed).code == 1)
        #expect(try await desk.penstock("dead", queue, "--count").output == "1\n")
        #expect(try await desk.penstock("purge", queue, "--state", "dead", "--yes").output == "purged 1\n")
    }

    @Test func `at a terminal a purge asks, and only yes is yes`() async throws {
        _ = try await desk.enqueue()
        for (typed, output) in [
            ("no\n", "nothing is purged\n"), ("y\n", "nothing is purged\n"), ("yes\n", "purged 1\n"),
        ] {
            let program = try await Program.run(
                ["purge", desk.queue], environment: ["REDIS_URL": desk.url], typed: typed)
            #expect(program.code == 0)
            #expect(program.output == output)
            #expect(
                program.errors.first
                    == "purge cancels 1 waiting, 0 delayed, 0 parked of queue \(desk.queue) for good.")
        }
    }

    @Test func `a slip of the pen reaches no queue`() async throws {
        _ = try await desk.penstock("enqueue", desk.queue, "t")
        for arguments in [["pause"], ["resume"], ["drain"], ["purge", "--yes"], ["dead"], ["fsck"], ["configure"]] {
            let program = try await Program.run(
                [arguments[0], "\(desk.queue)x"] + arguments.dropFirst(), environment: ["REDIS_URL": desk.url])
            #expect(program.code == 1)
            #expect(program.errors.first?.hasSuffix("; did you mean \"\(desk.queue)\"?") == true, "\(program.errors)")
        }
        #expect(try await desk.penstock("backlog", desk.queue).output.contains("paused") == false)
    }

    @Test func `settings are shown and changed as people write them`() async throws {
        let queue = desk.queue
        let changed = try await desk.penstock(
            "configure", queue, "lease=10s", "rate:type:push=100/1m/20", "concurrency:key=2", "maxBytes=64MiB")
        #expect(
            changed.output == """
                concurrency:key: no limit is now 2
                lease: 30s is now 10s
                maxBytes: no limit is now 64MiB
                rate:type:push: no limit is now 100/1m/20

                """)
        let rows = try await desk.penstock("configure", queue).output.split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
        #expect(rows.first == ["SETTING", "VALUE", "DEFAULT"])
        #expect(rows.contains(["lease", "10s", "30s"]))
        #expect(rows.contains(["retention", "90d", "90d"]))
        #expect(rows.contains(["rate:type:push", "100/1m/20", "no", "limit"]))
        let json = try await desk.penstock("configure", queue, "--json").output
        #expect(json.contains("\"maxBytes\":\"67108864\""))
        #expect(json.contains("\"rate:type:push\":\"100/60000/20\""))
        #expect(try await desk.penstock("configure", queue, "lease=").output == "lease: 10s is now 30s\n")
        #expect(try await desk.penstock("configure", queue, "lease=30s").output == "nothing changed\n")
        let tooMany = try await desk.penstock("configure", queue, "rate=1/1s")
        #expect(tooMany.code == 64)
        #expect(tooMany.errors.first?.contains("3 limits") == true)
    }

    @Test func `nobody works where no worker lives, and one that does is a row`() async throws {
        let worker = "w-\(desk.queue)"
        let none = try await desk.penstock("workers")
        #expect(none.code == 0)
        let now = Int(Date().timeIntervalSince1970 * 1000)
        let beat = """
            {"at":\(now),"queues":["\(desk.queue)"],"types":["a","b"],"concurrency":10,"running":3}
            """
        try await desk.redis("HSET", "penstock:workers", worker, beat)
        let output = try await desk.penstock("workers").output
        let row = output.split(separator: "\n").first { $0.hasPrefix("\(worker) ") }?.split(separator: " ").map(
            String.init)
        #expect(row?[1...2] == ["3", "10"])
        #expect(row?.suffix(2) == [desk.queue.cut(40), "a,b"])
        let json = try await desk.penstock("workers", "--json").output
        #expect(json.contains("{\"name\":\"\(worker)\",\"queues\":[\"\(desk.queue)\"],\"types\":[\"a\",\"b\"]"))
    }

    @Test func `a wrong state of Redis is found with its proof, and mended`() async throws {
        let queue = desk.queue
        let id = try await desk.enqueue()
        let clean = try await desk.penstock("fsck", queue)
        #expect(clean.code == 0)
        #expect(clean.output.hasSuffix(" things looked at, nothing found\n"))
        try await desk.redis("HSET", "penstock:{\(queue)}:slots", "concurrency", "3")
        try await desk.redis("ZADD", "penstock:{\(queue)}:delayed", "99999999999999", "nobody")
        let found = try await desk.penstock("fsck", queue)
        #expect(found.code == 1)
        let rows = found.output.split(separator: "\n").map(String.init)
        #expect(rows[0].split(separator: " ").map(String.init) == ["QUEUE", "CODE", "SUBJECT", "RESULT", "FACT"])
        #expect(rows.contains { $0.contains("slots") && $0.hasSuffix("3 slots are taken, 0 runs hold one") })
        #expect(rows.contains { $0.contains("orphan") && $0.contains("nobody") })
        #expect(found.errors == ["penstock: 2 findings are not mended; penstock fsck --repair mends what can be"])
        let mended = try await desk.penstock("fsck", queue, "--repair", "--json")
        #expect(mended.code == 0)
        #expect(mended.output.contains("\"mended\":true"))
        #expect(try await desk.penstock("fsck", queue).code == 0)
        #expect(try await desk.penstock("job", id).output.contains("state     waiting\n"))
    }

    @Test func `a check that cannot go on tells what it has mended, and that it is not at the end`() async throws {
        let queue = desk.queue
        _ = try await desk.enqueue()
        // More than one call looks at; the section of the next call meets a key of a wrong type.
        for page in 0..<25 {
            let orphans = (0..<100).flatMap { ["99999999999999", "nobody-\(page)-\($0)"] }
            _ = try await desk.redis(["ZADD", "penstock:{\(queue)}:delayed"] + orphans)
        }
        try await desk.redis("SET", "penstock:{\(queue)}:history", "wrong")
        let cut = try await desk.penstock("fsck", queue, "--repair")
        #expect(cut.code == 1)
        let rows = cut.output.split(separator: "\n").map(String.init)
        // Two of three pages; what the call mended that met the wrong key is told by nobody.
        let mended = rows.count(where: { $0.contains(" mended ") && $0.contains("nobody-") })
        #expect((2000..<2500).contains(mended))
        #expect(rows.last?.hasSuffix(" things looked at, \(mended) found, and not looked at to the end") == true)
        #expect(cut.errors.count == 1 && cut.errors[0].contains("WRONGTYPE"))
        let json = try await desk.penstock("fsck", queue, "--json")
        #expect(json.code == 1 && json.output.contains("\"complete\":false"))
        try await desk.redis("DEL", "penstock:{\(queue)}:history")
        #expect(try await desk.penstock("fsck", queue).code == 0)
    }

    @Test func `all keys of a queue are listed without a server`() async throws {
        let program = try await Program.run(["keys", "a/b"], environment: ["REDIS_URL": "unix:///tmp/no-such.sock"])
        #expect(program.code == 0)
        let rows = program.output.split(separator: "\n")
        #expect(rows.first?.hasPrefix("KEY ") == true)
        #expect(rows.contains { $0.hasPrefix("penstock:{a/b}:delayed ") && $0.contains(" zset ") })
        #expect(rows.allSatisfy { $0.count <= 140 })
    }
}
