/// Plays random sequences until one fails.
package struct Hunt {
    let site: Site

    package init(_ site: Site) { self.site = site }

    /// A sequence of its own making; the operations that were made until it failed, if it did.
    package func hunt(seed: UInt64, operations count: Int) -> (operations: [Operation], failure: Failure?) {
        var (generator, operations) = (Generator(seed: seed), [Operation]())
        do {
            var trial = try site.trial()
            operations.append(generator.beginning())
            while true {
                do { try trial.perform(operations[operations.count - 1]) } catch {
                    return (operations, Failure(step: operations.count - 1, text: error.description))
                }
                if operations.count >= count { break }
                operations.append(generator.next(trial))
            }
            do { try trial.letRun() } catch { return (operations, Failure(step: count, text: error.description)) }
            return (operations, nil)
        } catch {
            return (operations, Failure(step: 0, text: "\(error)"))
        }
    }

    /// The shortest sequence that fails as this one did, as a script.
    package func report(_ operations: [Operation], _ failure: Failure, seed: UInt64) -> String {
        let (short, last) = Shrinker(fails: site.play).shrink(operations, failure)
        return """
            # seed \(seed): \(failure.text)
            # in \(operations.count) operations, shrunk to \(short.count); fails at \(last.step + 1): \(last.text)
            \(short.map(\.description).joined(separator: "\n"))
            """
    }
}
