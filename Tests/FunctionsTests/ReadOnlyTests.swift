import Redis
import Testing

/// What each function may do, as Redis sees it.
@Suite struct ReadOnlyTests {
    private static let lab = Lab()
    private let queue: TestQueue

    init() async throws { queue = try await Self.lab.queue() }

    static let readers = ["version", "job", "backlog", "settings", "why", "check", "dead"]
    /// They make data that was not there before.
    static let producers = ["enqueue", "enqueue_many", "requeue", "configure"]

    @Test("readers can be called with FCALL_RO", arguments: readers)
    func reads(function: String) async throws {
        try await queue.enqueue("t", "{}", "id", "a")
        let words = ["job", "why"].contains(function) ? ["a"] : []
        let before = try await queue.digest()
        #expect(try await queue.reply(function, words, readOnly: true).array?.isEmpty == false)
        #expect(try await queue.digest() == before)
    }

    @Test func `all others cannot`() async throws {
        let writers = Set(try await flags().keys).subtracting(Self.readers)
        #expect(writers.count > 15)
        for function in writers {
            await #expect(throws: RedisError.self, "\(function)") {
                try await queue.reply(function, ["a"], readOnly: true)
            }
        }
    }

    @Test func `a full Redis refuses producers only`() async throws {
        for (function, flags) in try await flags() {
            #expect(flags.contains("allow-oom") != Self.producers.contains(function), "\(function)")
            #expect(flags.contains("no-writes") == Self.readers.contains(function), "\(function)")
        }
    }

    private func flags() async throws -> [String: [String]] {
        let library = try #require(
            try await queue.redis("FUNCTION", "LIST", "LIBRARYNAME", "penstock").array?.first?.array)
        let functions = try #require(library.first { $0.array?.first?.array != nil }?.array)
        return Dictionary(
            functions.compactMap { function in
                let fields = function.array ?? []
                let at = fields.firstIndex { $0.string == "flags" } ?? 0
                let name = fields.firstIndex { $0.string == "name" } ?? 0
                return (fields[name + 1].string?.dropFirst("penstock_".count)).map {
                    (String($0), fields[at + 1].strings ?? [])
                }
            }, uniquingKeysWith: { $1 })
    }
}
