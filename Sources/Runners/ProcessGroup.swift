import Foundation
import Synchronization

/// The process group that a child leads, and who may signal it when.
///
/// A group's number is the id of its leader. Nobody else can be given it before the leader is reaped and the group is
/// empty, so signals are sent before the leader is reaped, or to a group that was seen alive a moment ago.
final class ProcessGroup: Sendable {
    private enum Phase {
        case starting
        /// The leader is not reaped.
        case present(pid_t)
        case reaped(pid_t)
    }

    private struct State {
        var phase = Phase.starting
        /// When the group is killed; nil while nobody has asked it to stop.
        var deadline: ContinuousClock.Instant?
    }

    private static let look = Duration.milliseconds(20)

    private let grace: Duration
    private let state = Mutex(State())

    /// - Parameter grace: From SIGTERM to SIGKILL.
    init(grace: Duration) { self.grace = grace }

    /// The leader lives.
    func begin(_ leader: pid_t) {
        state.withLock { state in
            state.phase = .present(leader)
            // When the deadline has passed already, nobody comes again.
            if let deadline = state.deadline { send(deadline > .now ? SIGTERM : SIGKILL, to: leader) }
        }
    }

    /// SIGTERM to all, and SIGKILL to those that are left after the grace.
    /// - Returns: what sends the SIGKILL.
    @discardableResult
    func stop() -> Task<Void, Never> {
        let deadline = ContinuousClock.now + grace
        state.withLock { state in
            state.deadline = deadline
            if case .present(let leader) = state.phase { send(SIGTERM, to: leader) }
        }
        return Task {
            try? await Task.sleep(until: deadline)
            state.withLock { state in
                if case .present(let leader) = state.phase { send(SIGKILL, to: leader) }
            }
        }
    }

    /// The leader has ended. If the group was not asked to stop, what is left of it has no more time.
    func leaderEnded() {
        state.withLock { state in
            if case .present(let leader) = state.phase, state.deadline == nil { send(SIGKILL, to: leader) }
        }
    }

    /// The leader is reaped from now on.
    func release() {
        state.withLock { state in
            if case .present(let leader) = state.phase { state.phase = .reaped(leader) }
        }
    }

    /// Lets a group that was asked to stop have the rest of its grace, if it is not empty before, and kills what is left.
    func untilEmpty() async {
        guard case (.reaped(let leader), let deadline?) = state.withLock({ ($0.phase, $0.deadline) }) else { return }
        while kill(-leader, 0) == 0 {
            if ContinuousClock.now >= deadline {
                kill(-leader, SIGKILL)
                return
            }
            await Self.pause()
        }
    }

    /// Also in a cancelled task, where a plain sleep returns at once.
    private static func pause() async {
        await Task { try? await Task.sleep(for: look) }.value
    }

    private func send(_ signal: Int32, to leader: pid_t) {
        // Where the system could not make a group there is still the leader.
        if kill(-leader, signal) != 0 { kill(leader, signal) }
    }
}
