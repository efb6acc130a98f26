import Foundation
import Logging
import ServiceLifecycle

/// Ends the process when the grace period is over, whoever still hangs: nothing is lost by it. The worker has released its
/// jobs by then, and what a sink had in hand is still in Redis.
struct LastCall: Service {
    let grace: Duration
    let logger: Logger

    func run() async throws {
        // Cancelled means that another service has failed, and that is how the process ends then.
        var code: Int32 = 0
        do { try await gracefulShutdown() } catch { code = 1 }
        logger.info("stopping", metadata: ["grace": "\(DurationText.text(grace))"])
        // A thread, because what hangs may have taken all of the pool's.
        Thread.detachNewThread { [grace, logger, code] in
            Thread.sleep(forTimeInterval: grace / .seconds(1))
            logger.warning("the grace period is over; what has not ended is left behind")
            exit(code)
        }
    }
}
