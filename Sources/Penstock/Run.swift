import NIOCore
import Synchronization

/// One run in hand: what names it in Redis, what runs it, and how it ends.
final class Run: Sendable {
    /// What names a run: all four must fit, or the server answers LOST.
    struct Name: Sendable, Hashable {
        let level: String
        let entry: String
        let id: String
        let n: Int
    }

    /// Why a running handler is asked to stop.
    enum Fate: Sendable {
        case timedOut(Duration)
        case silent(Duration)
        case cancelled
        case lost
        case shutdown
    }

    /// A time after which a handler is stopped: of the whole run, or since its last sign of life.
    struct Limit: Sendable {
        let duration: Duration
        let isOfSilence: Bool

        var fate: Fate { isOfSilence ? .silent(duration) : .timedOut(duration) }
    }

    /// The limits of this run.
    var limits: [Limit] {
        [
            timeout.map { Limit(duration: $0, isOfSilence: false) },
            type.heartbeat.map { Limit(duration: $0, isOfSilence: true) },
        ].compactMap(\.self)
    }

    private struct State {
        var fate: Fate?
        var stop: (@Sendable () -> Void)?
        var begun: NIODeadline?
        var isOver = false
    }

    let lane: Int
    let name: Name
    let job: Job
    let type: JobType
    let timeout: Duration?
    /// Milliseconds by the clock of Redis, and the same moment by ours.
    private let claimedAt: Int64
    private let claimed: NIODeadline
    /// When it was ready to run, by the clock of Redis.
    private let readyAt: Int64
    private let state = Mutex(State())

    init(lane: Int, name: Name, job: Job, type: JobType, header: Header, claimedAt: Int64, claimed: NIODeadline) {
        self.lane = lane
        self.name = name
        self.job = job
        self.type = type
        self.timeout = header.timeout.map { .milliseconds($0) } ?? type.timeout
        self.claimedAt = claimedAt
        self.claimed = claimed
        self.readyAt = Int64(header.runAt ?? header.enqueuedAt)
    }

    /// Runs the handler; nil when the engine has given the run up meanwhile.
    func perform(stop: @escaping @Sendable () -> Void) async -> Outcome? {
        let started = NIODeadline.now()
        let isStopped = state.withLock { state in
            state.stop = stop
            state.begun = started
            return state.fate != nil
        }
        let result: Result<Output, any Error>
        do {
            // Cancelled, lost or overdue before a thread was free for it: its handler does not begin.
            if isStopped { throw CancellationError() }
            result = .success(try await type.handler(job))
        } catch {
            result = .failure(error)
        }
        guard let fate = end() else { return nil }
        return outcome(verdict(of: result, fate: fate), started: started)
    }

    /// Asks the handler to stop; false when it is over already. Under the lock, because the task that runs this handler
    /// runs another one next.
    func stop(because fate: Fate) -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            state.fate = state.fate ?? fate
            state.stop?()
            return true
        }
    }

    /// What is left of the handler's time until a limit; nil when that or the run is over. A run may wait for a thread before
    /// it begins.
    func timeLeft(of limit: Limit) -> Duration? {
        let (begun, isOver) = state.withLock { ($0.begun, $0.isOver) }
        if isOver { return nil }
        guard let begun else { return limit.duration }
        let since = limit.isOfSilence ? max(begun, job.pulse.lastBeat ?? begun) : begun
        let left = limit.duration - .nanoseconds((NIODeadline.now() - since).nanoseconds)
        return left > .zero ? left : nil
    }

    /// Takes the run from a handler that does not return; nil when it is over already.
    func abandon() -> Outcome? {
        guard let fate = end(), let fate else { return nil }
        return outcome(verdict(of: .failure(CancellationError()), fate: fate), started: claimed)
    }

    /// The end of a run whose handler has not begun and never will: a timeout that comes later finds it over.
    func outcome(_ verdict: Outcome.Verdict) -> Outcome {
        _ = end()
        return outcome(verdict, started: .now())
    }

    /// Ends the run once; the fate, or nil if it was ended before.
    private func end() -> Fate?? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            state.isOver = true
            state.stop = nil
            return .some(state.fate)
        }
    }

    private func outcome(_ verdict: Outcome.Verdict, started: NIODeadline) -> Outcome {
        let startedAt = claimedAt + (started - claimed).nanoseconds / 1_000_000
        let ran = (NIODeadline.now() - started).nanoseconds
        return Outcome(
            run: self, verdict: verdict, startedAt: startedAt, ran: .nanoseconds(ran),
            waited: .milliseconds(max(0, startedAt - readyAt)))
    }

    private func verdict(of result: Result<Output, any Error>, fate: Fate?) -> Outcome.Verdict {
        switch (result, fate) {
        case (_, .lost?): return .none
        case (.success(let output), _): return .completed(output.bounded)
        case (.failure, .cancelled?): return .cancelled
        case (.failure, .shutdown?): return .release
        case (.failure, .timedOut(let limit)?): return failure(TimedOut(limit: limit))
        case (.failure, .silent(let limit)?): return failure(HeartbeatMissed(limit: limit))
        case (.failure(let error as Bury), nil): return .dead(error.reason)
        case (.failure(let error as Skip), nil): return .skipped(error.reason)
        case (.failure(let error as Snooze), nil): return .snooze(error.after)
        case (.failure(let error as Retry), nil): return retry(error.after, error.reason)
        case (.failure(let error), nil): return failure(error)
        }
    }

    private func failure(_ error: any Error) -> Outcome.Verdict {
        let text = "\(error)"
        switch type.retries.decision(for: error) {
        case .bury: return .dead(text)
        case .skip: return .skipped(text)
        case .retry(let pauses): return retry(type.retries.pause(afterAttempt: job.attempt, by: pauses), text)
        }
    }

    private func retry(_ pause: Duration, _ text: String) -> Outcome.Verdict {
        job.attempt >= job.maxAttempts ? .dead(text) : .retry(pause, text)
    }
}

extension Output {
    /// Results are kept up to 1 MiB: events carry them through Redis, and rows through every reader.
    private static let limit = 1 << 20

    /// The result, or in place of one that is too large its size.
    fileprivate var bounded: ByteBuffer? {
        guard let json, json.readableBytes > Self.limit + 1024 else { return json }
        return ByteBuffer(string: "{\"truncated\":true,\"bytes\":\(json.readableBytes)}")
    }
}
