import Model
import Support
import Testing

/// Random sequences against a model of the queue. `scripts/model` plays ten thousand.
struct ModelTests {
    private static func site(_ variant: Variant = .sound) throws -> Site {
        try Site(variant, directory: "\(temporaryDirectory())/redis")
    }

    private static func hunt(seed: UInt64, count: Int) throws {
        let site = try site()
        let hunt = Hunt(site)
        let (operations, failure) = hunt.hunt(seed: seed, operations: count)
        if let failure { Issue.record(Comment(rawValue: hunt.report(operations, failure, seed: seed))) }
    }

    @Test("redis and the model agree on sequences that are always the same", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func fixedSeeds(seed: UInt64) throws {
        try Self.hunt(seed: seed, count: 1000)
    }

    @Test("redis and the model agree on sequences that nobody has seen")
    func newSeeds() throws {
        for _ in 0..<3 { try Self.hunt(seed: .random(in: 1...UInt64(UInt32.max)), count: 1000) }
    }

    @Test("a mechanism that is taken out is missed, and shown in few operations", arguments: Variant.planted)
    func planted(variant: Variant) throws {
        let site = try Self.site(variant)
        let hunt = Hunt(site)
        for seed in 1...30 as ClosedRange<UInt64> {
            let (operations, failure) = hunt.hunt(seed: seed, operations: 1000)
            guard let failure else { continue }
            let (short, last) = Shrinker(fails: site.play).shrink(operations, failure)
            #expect(short.count <= 40, "\(last.text): \(short.map(\.description))")
            // What is shown fails when it is played again, and not with the library as it is.
            #expect(site.play(short)?.step == last.step)
            #expect(try Self.site().play(short) == nil)
            return
        }
        Issue.record("thirty sequences did not show that \(variant)")
    }

    @Test("a sequence is played from its lines as it was made")
    func replay() throws {
        let site = try Self.site()
        let (operations, failure) = Hunt(site).hunt(seed: 7, operations: 400)
        let read = operations.map { Operation(line: $0.description) }
        #expect(read == operations)
        #expect(failure == nil && site.play(read.compactMap { $0 }) == nil)
    }

    @Test("a line that is no operation is not read as one")
    func noOperation() {
        for line in ["", "enqueue j1", "turn w1 x heard", "damage roof j1", "renew w1 live types t1"] {
            #expect(Operation(line: line) == nil)
        }
    }
}
