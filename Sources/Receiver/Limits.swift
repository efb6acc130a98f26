import Foundation
import NIOCore

/// How long and how many, for connections of strangers.
package struct Limits: Sendable {
    /// A connection on which nothing comes for so long is closed, between requests and in the middle of one.
    package var idle = TimeAmount.seconds(30)
    /// A body has to be there in this time, however steadily it trickles. GitHub itself gives up after 10 s.
    package var body = TimeAmount.seconds(60)
    /// The same once the process is to stop.
    package var farewell = TimeAmount.seconds(3)
    /// How long what is left of a refused body is read and dropped, so that its sender sees the answer.
    package var linger = TimeAmount.seconds(2)
    /// More connections wait in the kernel's queue until others are closed. An `accept` that fails for want of a file
    /// descriptor would end the server, so some are kept for Redis, Postgres and the handlers.
    package var connections = Limits.descriptors

    package init() {}

    private static var descriptors: Int {
        var limit = rlimit()
        #if os(Linux)
            let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        #else
            let isKnown = getrlimit(RLIMIT_NOFILE, &limit) == 0
        #endif
        guard isKnown, limit.rlim_cur < 1 << 20 else { return 10_000 }
        return min(10_000, max(64, Int(limit.rlim_cur) - 256))
    }
}
