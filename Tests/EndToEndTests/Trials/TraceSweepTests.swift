import Testing

@testable import Trial

/// Who finds nothing may be blind: what the other tests look with must see what it is made for.
@Suite struct TraceSweepTests {
    @Test(arguments: [
        (spells: [(0, 10), (10, 20), (20, 30)], most: 1),
        (spells: [(0, 11), (10, 20), (20, 30)], most: 2),
        (spells: [(0, 30), (5, 10), (6, 9), (20, 30)], most: 3),
        (spells: [(0, 30), (5, 10), (15, 20), (25, 30)], most: 2),
        (spells: [], most: 0),
    ])
    func `a sweep sees every overlap and no other`(spells: [(UInt64, UInt64)], most: Int) {
        #expect(Sweep.most(spells.map { $0..<$1 }).count == most)
    }

    @Test(
        arguments: [
            (starts: [0, 100, 200, 300], burst: 1, wrong: nil), (starts: [0, 100, 199, 300], burst: 1, wrong: 2),
            (starts: [0, 0, 0, 100], burst: 3, wrong: nil), (starts: [0, 0, 0, 99], burst: 3, wrong: 3),
            (starts: [0, 250, 251, 350], burst: 1, wrong: 2), (starts: [0, 0, 1000, 1000, 1099], burst: 2, wrong: 4),
            (starts: [0, 0, 1000, 1000, 1100], burst: 2, wrong: nil),
        ] as [(starts: [Int], burst: Int, wrong: Int?)])
    func `a claim before its turn is seen, one in a burst is not`(starts: [Int], burst: Int, wrong: Int?) throws {
        let rate = try #require(Rate("10/1000/\(burst)"))
        #expect(Sweep.tooEarly(starts, of: rate) == wrong)
    }

    @Test func `more handlers than there can have been claims are seen`() throws {
        let rate = try #require(Rate("10/1000/2"))
        let begun: UInt64 = 5_000_000_000
        func starts(_ milliseconds: [UInt64]) -> [UInt64] { milliseconds.map { begun + $0 * 1_000_000 } }
        #expect(Sweep.tooMany(starts([0, 0, 100, 200]), since: begun, of: rate) == nil)
        // Two that come late stand close together; that is no proof of anything.
        #expect(Sweep.tooMany(starts([0, 0, 190, 200]), since: begun, of: rate) == nil)
        #expect(Sweep.tooMany(starts([0, 0, 97, 200]), since: begun, of: rate) == 2)
    }

    @Test func `a trace gives back what handlers did, with those that did not end`() throws {
        let lines = [
            TraceLine(.start, at: 1, id: "a", key: "k", level: "high", type: "work", worker: 0),
            TraceLine(.start, at: 2, id: "b", key: "", level: "low", type: "slow", worker: 1),
            TraceLine(.end, at: 3, id: "a", key: "k", level: "high", type: "work", worker: 0),
            TraceLine(.start, at: 4, id: "a", key: "k", level: "high", type: "work", worker: 1),
        ]
        let spells = Spell.all(in: lines.map(\.text).joined(separator: "\n") + "\nstart 5 torn")
        #expect(spells.map(\.id) == ["a", "b", "a"])
        #expect(spells.map(\.end) == [3, nil, nil])
        #expect(spells.map(\.key) == ["k", "", "k"])
        #expect(spells.map(\.level) == ["high", "low", "high"])
        #expect(spells.counts == ["a": 2, "b": 1])
    }
}
