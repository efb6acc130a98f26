import Redis

/// The library with a clock that stands still until a test lets time pass, each queue with one of its own. What Redis itself
/// measures, how long a run was not renewed, is not of this clock: `age` sets that.
enum ManualClock {
    static func built(into source: String) -> String {
        source
            .replacing("local GROUP, SINK = ", with: "local clockOf\nlocal GROUP, SINK = ")
            .replacing("return callback(q, args)", with: "clockOf = 'clock:' .. q.name return callback(q, args)")
            .replacing(
                "local t = redis.call('TIME')",
                with: "local manual = redis.call('GET', clockOf) if manual then return tonumber(manual) end\n"
                    + "  local t = redis.call('TIME')")
    }
}

extension TestQueue {
    func setClock(_ milliseconds: Int) async throws { try await redis("SET", "clock:\(name)", String(milliseconds)) }

    /// What the functions take for now.
    func clock() async throws -> Int { try await integer("GET", "clock:\(name)") }

    func pass(_ milliseconds: Int) async throws { try await redis("INCRBY", "clock:\(name)", String(milliseconds)) }
}
