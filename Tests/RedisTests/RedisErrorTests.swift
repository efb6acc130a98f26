import Redis
import Testing

@Suite struct RedisErrorTests {
    @Test(
        "an error of the server is typed by its first word",
        arguments: [
            ("FULL queue q holds 7 jobs", "FULL", "queue q holds 7 jobs"), ("OOM", "OOM", ""), ("", "ERR", ""),
            ("WRONGTYPE  two blanks", "WRONGTYPE", " two blanks"),
        ])
    func codes(text: String, code: String, message: String) {
        #expect(RedisError(text: text) == .server(code: code, message: message))
    }

    @Test(
        "a server that is away now may be there later",
        arguments: [
            ("LOADING", true), ("READONLY", true), ("MASTERDOWN", true), ("CLUSTERDOWN", true), ("TRYAGAIN", true),
            ("BUSY", true), ("ERR", false), ("FULL", false), ("INVALID", false), ("OOM", false), ("WRONGPASS", false),
        ])
    func away(code: String, isAway: Bool) {
        #expect(RedisError.server(code: code, message: "").isAway == isAway)
        #expect(!RedisError.server(code: code, message: "").maybeExecuted)
    }

    @Test func `only what was sent may have been executed`() {
        #expect(RedisError.lost("x").maybeExecuted && RedisError.lost("x").isAway)
        #expect(RedisError.timedOut("x").maybeExecuted && RedisError.timedOut("x").isAway)
        #expect(!RedisError.notConnected("x").maybeExecuted && RedisError.notConnected("x").isAway)
        #expect(!RedisError.garbled("x").isAway)
        #expect("\(RedisError.lost("the connection was closed"))".contains("may have been executed"))
    }

    @Test func `pauses between attempts double up to the cap and are never less than half`() {
        var backoff = Backoff(first: .milliseconds(100), cap: .seconds(1))
        for whole in [100, 200, 400, 800, 1_000, 1_000, 1_000] {
            let pause = backoff.next()
            #expect(pause >= .milliseconds(whole / 2) && pause <= .milliseconds(whole))
        }
        for _ in 0..<100 { #expect(backoff.next() <= .seconds(1)) }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
        let pauses = (0..<20).map { _ in
            var backoff = Backoff(first: .seconds(1))
            return backoff.next()
        }
        #expect(Set(pauses).count > 1)
    }
}
