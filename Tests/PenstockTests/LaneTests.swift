import Servers
import Support
import Testing

@testable import Penstock

/// What a worker knows of a queue.
@Suite struct LaneTests {
    private static let server = Result { try RedisServer.started(appendOnly: false) }

    /// Else it would be told at once, again and again, by an engine that does nothing else any more.
    @Test(arguments: [true, false])
    func `a turn that told nothing and failed leaves nothing to be told`(maybeExecuted: Bool) async throws {
        var lane = Lane(queue: try await Rig(on: Self.server.get()).queue)
        lane.putBack([], maybeExecuted: maybeExecuted)
        #expect(lane.oldestOutcome == nil)
        #expect(!lane.hasOutcomes)
    }
}
