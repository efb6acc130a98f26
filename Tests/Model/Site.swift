import Foundation
import Servers

/// A redis-server with a variant of the function library, for sequences one after the other.
package final class Site {
    private let server: RedisServer
    let wire: Wire
    /// The hash of each unique key that sequences use: names of singleton limits are made of it.
    let seals: [String: String]
    private var trials = 0

    package init(_ variant: Variant, directory: String) throws {
        server = RedisServer(directory: directory, appendOnly: false, extra: ["--save", ""])
        try server.start()
        guard let path = server.socketPath, let wire = Wire(path: path) else {
            throw Mismatch("Redis cannot be reached")
        }
        self.wire = wire
        let loaded = try wire.send([["FUNCTION", "LOAD", "REPLACE", variant.source]])[0]
        guard loaded == .text("penstock") else { throw Mismatch("the library is refused: \(loaded.text)") }
        var seals: [String: String] = [:]
        for key in Generator.uniques {
            seals[try wire.send([["EVAL", "return redis.sha1hex(ARGV[1])", "0", key]])[0].text] = key
        }
        self.seals = seals
    }

    package func close() { server.kill() }

    deinit { close() }

    /// Plays a sequence in a new queue; what went wrong, if anything, and at which step.
    package func play(_ operations: [Operation]) -> Failure? {
        do {
            var trial = try trial()
            return trial.play(operations)
        } catch {
            return Failure(step: 0, text: "\(error)")
        }
    }

    /// A new queue on an empty server.
    func trial() throws(Mismatch) -> Trial {
        trials += 1
        _ = try wire.send([["FLUSHALL"]])
        return try Trial(queue: "q", site: self)
    }
}

package struct Failure: Sendable, Equatable {
    /// The operation that failed; one behind the last when the queue did not come to its end.
    package let step: Int
    package let text: String

    /// What kind of failure it is: shrinking must not slip from one to another.
    var kind: String { String(text.prefix { $0 != ":" }.filter { !$0.isNumber }.prefix(24)) }
}
