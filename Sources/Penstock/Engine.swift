import Foundation
import Logging
import NIOCore
import Redis
import Synchronization

/// The worker's engine: claims, hands runs to the slots, settles, renews, drains. It runs on an event loop of its own, with
/// its own connections, so that nothing that a handler does can hold it up.
actor Engine {
    enum Phase {
        case running
        /// No more claims; what runs may end.
        case draining
        /// Everything is given back.
        case over
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// The name of this process among the consumers; no other process ever has it.
    nonisolated let consumer: String
    nonisolated let timings = Mutex(Timings())
    let types: [String: JobType]
    let capacity: Int
    let client: Client
    let logger: Logger
    var lanes: [Lane]
    var phase = Phase.running
    /// Slots taken: by runs in hand and by claims under way.
    var busy = 0
    /// Runs in hand: in a slot, or ready for one.
    var inHand = 0
    var slots: Slots?
    /// Who is asked first: the queue behind the one that got slots last.
    private var firstLane = 0
    private var alarm: NIODeadline?
    private var ended: CheckedContinuation<Void, Never>?
    private var isFinished = false
    /// Calls and loops under way; the event loop may end when there are none.
    private var operations = 0
    private var quiet: CheckedContinuation<Void, Never>?
    private var pauses: [Int: Scheduled<Void>] = [:]
    private var pauseNumber = 0

    init(queues: [Queue], types: [String: JobType], capacity: Int, client: Client, logger: Logger) {
        self.eventLoop = client.eventLoop
        self.client = client
        self.types = types
        self.capacity = capacity
        self.logger = logger
        lanes = queues.map(Lane.init)
        let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }
        consumer =
            "\(host)-\(ProcessInfo.processInfo.processIdentifier)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }

    /// Runs until everything is drained.
    func run(pool: HandlerPool) async {
        guard phase == .running else { return }
        let engine = self
        slots = Slots(count: capacity, pool: pool) { [eventLoop] in
            eventLoop.execute { engine.assumeIsolated { $0.pump() } }
        }
        for index in lanes.indices { begin { await $0.renewForEver(index) } }
        begin { await $0.beatForEver() }
        pump()
        await withCheckedContinuation { continuation in
            if isFinished { continuation.resume() } else { ended = continuation }
        }
    }

    /// Starts an operation on the engine.
    func begin(_ operation: @escaping @Sendable (isolated Engine) async -> Void) {
        operations += 1
        Task {
            await operation(self)
            operations -= 1
            if operations == 0 {
                quiet?.resume()
                quiet = nil
            }
        }
    }

    /// Lets `run` return, and whatever still waits come to its end.
    func end() async {
        isFinished = true
        for pause in pauses.values { pause.cancel() }
        slots?.close()
        slots = nil
        for lane in lanes { lane.doorbell?.connection.close() }
        await client.shutdown()
        ended?.resume()
        ended = nil
    }

    /// Returns when nothing uses the event loop any more.
    func untilQuiet() async {
        guard operations > 0 else { return }
        await withCheckedContinuation { quiet = $0 }
    }

    /// Looks at every queue and does what there is to do. Called whenever something has changed; never waits.
    func pump() {
        collect()
        let now = NIODeadline.now()
        let order = lanes.indices.map { (firstLane + $0) % lanes.count }
        var starves = false
        for index in order where serve(index, now) { starves = true }
        if starves { stopWaiting(for: { $0.slots > 0 }) }
        for index in order { listen(index, now) }
        if phase == .draining { finishIfDrained() }
        if phase != .over { wakeLater(now) }
    }

    /// Settles and claims for one queue; answers whether it wants slots and there is none.
    private func serve(_ index: Int, _ now: NIODeadline) -> Bool {
        guard lanes[index].pausedUntil <= now else { return false }
        while lanes[index].turnsInFlight < Lane.turns {
            let asks = phase == .running && !lanes[index].isDrained(at: now)
            let want = asks ? share(now) : 0
            guard want > 0 || lanes[index].mustSettle(at: now, isQuiet: inHand == 0 || phase == .draining) else {
                return asks && lanes[index].turnsInFlight == 0
            }
            lanes[index].turnsInFlight += 1
            reserve(want, for: index)
            let (outcomes, again) = lanes[index].takeOutcomes()
            begin { await $0.turn(index, want: want, outcomes, again: again) }
        }
        return false
    }

    /// Waits for the bell of a queue that was found empty. The wait holds slots, so that the ring itself claims, but only
    /// while no other queue asks for some.
    private func listen(_ index: Int, _ now: NIODeadline) {
        guard phase == .running, lanes[index].bell == nil, lanes[index].pausedUntil <= now,
            lanes[index].isDrained(at: now)
        else { return }
        let want = lanes.allSatisfy { $0.isDrained(at: now) } ? share(now) : 0
        guard want > 0 || lanes.count > 1 else { return }
        lanes[index].bell = Lane.Bell(slots: want)
        reserve(want, for: index)
        begin { await $0.awaitBell(index, want: want) }
    }

    private func reserve(_ slots: Int, for index: Int) {
        guard slots > 0 else { return }
        busy += slots
        firstLane = (index + 1) % lanes.count
    }

    /// How many slots one queue may claim for: the free ones, divided among the queues that want some.
    private func share(_ now: NIODeadline) -> Int {
        let free = capacity - busy
        guard free > 0 else { return 0 }
        let wanting = lanes.count { !$0.isDrained(at: now) || $0.bell == nil }
        return min(Lane.callJobs, max(1, free / max(1, wanting)))
    }

    /// Takes what the handlers have finished.
    func collect() {
        guard let outcomes = slots?.takeOutcomes(), !outcomes.isEmpty else { return }
        for outcome in outcomes { add(outcome) }
        timings.withLock { timings in
            for outcome in outcomes { timings.add(outcome) }
        }
    }

    /// One outcome of a run that was in hand.
    func add(_ outcome: Outcome) {
        busy -= 1
        inHand -= 1
        tell(outcome)
    }

    /// Notes an outcome for the next turn.
    func tell(_ outcome: Outcome) {
        let index = outcome.run.lane
        if case .none = outcome.verdict {
            lanes[index].held[outcome.run.name] = nil
            return
        }
        lanes[index].outcomes.append(outcome)
        lanes[index].oldestOutcome = lanes[index].oldestOutcome ?? .now()
    }

    /// Asks for a pump when time alone makes something due.
    private func wakeLater(_ now: NIODeadline) {
        let next = lanes.reduce(now + Lane.look) { next, lane in
            if lane.pausedUntil > now { return min(next, lane.pausedUntil) }
            guard let oldest = lane.oldestOutcome, lane.turnsInFlight < Lane.turns else { return next }
            return min(next, oldest + Lane.patience)
        }
        if let alarm, alarm <= next, alarm > now { return }
        alarm = next
        eventLoop.scheduleTask(deadline: next) { [weak self] in
            self?.assumeIsolated { engine in
                if engine.alarm == next { engine.alarm = nil }
                engine.pump()
            }
        }
    }

    /// Waits on the event loop (`Task.sleep` would come back by way of threads that others may hold up), or until the end.
    func pause(_ duration: Duration) async {
        guard !isFinished else { return }
        let number = pauseNumber
        pauseNumber += 1
        let pause = eventLoop.scheduleTask(in: TimeAmount(duration)) {}
        pauses[number] = pause
        try? await pause.futureResult.get()
        pauses[number] = nil
    }
}
