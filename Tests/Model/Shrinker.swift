/// Takes operations out of a failing sequence for as long as it fails in the same way (delta debugging: Zeller, 1999).
package struct Shrinker {
    let fails: ([Operation]) -> Failure?
    /// Plays that it may take.
    private let patience = 2000

    package init(fails: @escaping ([Operation]) -> Failure?) { self.fails = fails }

    package func shrink(_ operations: [Operation], _ failure: Failure) -> ([Operation], Failure) {
        var (kept, last, plays) = (Array(operations.prefix(failure.step + 1)), failure, 0)
        var size = max(1, kept.count / 2)
        while true {
            var (at, hasShrunk) = (0, false)
            while at < kept.count, plays < patience {
                var fewer = kept
                fewer.removeSubrange(at..<min(at + size, kept.count))
                plays += 1
                if let found = fails(fewer), found.kind == failure.kind {
                    kept = Array(fewer.prefix(found.step + 1))
                    last = found
                    hasShrunk = true
                } else {
                    at += size
                }
            }
            if plays >= patience || size == 1 && !hasShrunk { return (kept, last) }
            if !hasShrunk { size = max(1, size / 2) }
        }
    }
}
