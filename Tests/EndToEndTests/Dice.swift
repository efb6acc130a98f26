import Foundation

/// Chance that can be had again: the same seed, the same throws (SplitMix64).
struct Dice: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// `PENSTOCK_CHAOS_SEED`, or a seed of its own.
    init() {
        seed =
            ProcessInfo.processInfo.environment["PENSTOCK_CHAOS_SEED"].flatMap(UInt64.init) ?? .random(in: 0...(.max))
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
