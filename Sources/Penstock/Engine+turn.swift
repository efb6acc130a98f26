import Foundation
import Logging
import NIOCore
import Redis

extension Engine {
    /// One round trip: tells outcomes, claims up to `want` runs.
    func turn(_ index: Int, want: Int, _ outcomes: [Outcome], again: Bool) async {
        do throws(RedisError) {
            let reply = try await client.send(command(index, want: want, outcomes, again: again))
            lanes[index].turnsInFlight -= 1
            busy -= want
            take(reply, of: index, want: want, outcomes: outcomes)
        } catch {
            lanes[index].turnsInFlight -= 1
            busy -= want
            failed(index, error, outcomes: outcomes, again: again)
        }
        pump()
    }

    /// Waits for the doorbell and claims, in one write: Redis runs the claim the moment the bell rings.
    func awaitBell(_ index: Int, want: Int) async {
        do throws(RedisError) {
            let connection = try await doorbell(index)
            let wait = min(.seconds(1), max(.milliseconds(1), lanes[index].nextDue ?? .seconds(1)))
            let replies = try await connection.send(
                [
                    Command("BZPOPMIN", "penstock:{\(lanes[index].queue.name)}:bell", "\(wait / .seconds(1))"),
                    command(index, want: want, [], again: false),
                ], timeout: wait + .seconds(2))
            lanes[index].bell = nil
            busy -= want
            for reply in replies {
                if case .error(let error) = reply { throw error }
            }
            take(replies[1], of: index, want: want, outcomes: [])
            if want == 0, replies[0].array != nil { lanes[index].drainedAt = nil }
        } catch {
            if lanes[index].bell != nil {
                lanes[index].bell = nil
                busy -= want
            }
            lanes[index].doorbell?.connection.close()
            lanes[index].doorbell = nil
            failed(index, error, outcomes: [], again: false)
        }
        pump()
    }

    private func doorbell(_ index: Int) async throws(RedisError) -> Connection {
        if let known = lanes[index].doorbell, known.connection.isOpen { return known.connection }
        let connection = try await client.dedicated()
        let id = try await connection.send(Command("CLIENT", "ID")).integer ?? 0
        lanes[index].doorbell = (connection, id)
        return connection
    }

    /// Makes those who wait for a bell come back, with the slots that they hold.
    func stopWaiting(for isMeant: (Lane.Bell) -> Bool = { _ in true }) {
        for index in lanes.indices {
            guard let bell = lanes[index].bell, !bell.isCalledBack, isMeant(bell), let id = lanes[index].doorbell?.id
            else { continue }
            lanes[index].bell?.isCalledBack = true
            begin { engine in
                let reply = try? await engine.client.send(Command("CLIENT", "UNBLOCK", String(id)))
                // The wait had not reached Redis yet: the next call asks again.
                if reply?.integer != 1 { engine.lanes[index].bell?.isCalledBack = false }
            }
        }
    }

    /// One call of the last moment, which claims nothing; false when it was not answered.
    func tellLast(_ index: Int) async -> Bool {
        let (outcomes, again) = lanes[index].takeOutcomes()
        let reply = try? await client.send(
            command(index, want: 0, outcomes, again: again), timeout: .milliseconds(200))
        return reply != nil
    }

    private func command(_ index: Int, want: Int, _ outcomes: [Outcome], again: Bool) -> Command {
        var command = Store.command("turn", lanes[index].queue.name)
        command.append(consumer)
        command.append(want)
        if again { command.append("again") }
        for outcome in outcomes { outcome.append(to: &command) }
        return command
    }

    private func take(_ reply: Reply, of index: Int, want: Int, outcomes: [Outcome]) {
        guard let turn = TurnReply(reply), turn.isSettled.count == outcomes.count else {
            logger.error("a turn's answer cannot be read", metadata: [LogKey.queue: "\(lanes[index].queue.name)"])
            lanes[index].putBack(outcomes, maybeExecuted: true)
            return pauseCalls(index)
        }
        let now = NIODeadline.now()
        if lanes[index].isAway {
            lanes[index].isAway = false
            logger.info("Redis is back", metadata: [LogKey.queue: "\(lanes[index].queue.name)"])
        }
        lanes[index].backoff.reset()
        lanes[index].lease = turn.lease
        lanes[index].nextDue = turn.nextDue
        for (outcome, isSettled) in zip(outcomes, turn.isSettled) {
            lanes[index].held[outcome.run.name] = nil
            if !isSettled { logger.debug("lost", metadata: [LogKey.job: "\(outcome.run.name.id)"]) }
        }
        // At a bound or in a pause the bell rings when that is over.
        let isEmpty = turn.claimed.count < want && turn.flag != .more && turn.nextDue != .zero
        if want > 0 { lanes[index].drainedAt = isEmpty || turn.flag == .paused || turn.flag == .bound ? now : nil }
        accept(turn, of: index, now)
    }

    /// Gives claimed runs to the slots. A type that nobody runs here, or a header that cannot be read, is settled at once.
    private func accept(_ turn: TurnReply, of index: Int, _ now: NIODeadline) {
        guard !turn.claimed.isEmpty else { return }
        let queue = lanes[index].queue.name
        var runs: [Run] = []
        runs.reserveCapacity(turn.claimed.count)
        for claimed in turn.claimed {
            let header = Header(json: claimed.header)
            let name = Run.Name(level: claimed.level, entry: claimed.entry, id: claimed.id, n: header?.n ?? 0)
            let type = header.flatMap { types[$0.type] }
            let run = Run(
                lane: index, name: name,
                job: Job(claimed: claimed, queue: queue, header: header ?? Header(), attempts: type?.attempts ?? 5),
                type: type ?? .unknown, header: header ?? Header(), claimedAt: turn.now, claimed: now)
            lanes[index].held[name] = run
            if phase != .running {
                tell(run.outcome(.release))
            } else if header == nil {
                tell(run.outcome(.dead("unreadable")))
            } else if type == nil {
                tell(run.outcome(.unhandled))
            } else {
                watch(run)
                runs.append(run)
            }
        }
        busy += runs.count
        inHand += runs.count
        slots?.push(runs)
    }

    /// - Parameter again: the outcomes were repeats; they stay such, also when this time they were not even sent.
    private func failed(_ index: Int, _ error: RedisError, outcomes: [Outcome], again: Bool) {
        let queue: Logger.Metadata = [LogKey.queue: "\(lanes[index].queue.name)", LogKey.error: "\(error)"]
        switch error {
        case .server("INVALID", _):
            // Not told again: the leases run out and recovery decides.
            logger.error("Redis refuses outcomes", metadata: queue)
            for outcome in outcomes { lanes[index].held[outcome.run.name] = nil }
            return pauseCalls(index)
        case .server where error.isMissingFunction:
            // A failover to a server without the library; a new connection loads it.
            begin { try? await $0.client.connection().close() }
        case .server where !error.isAway:
            logger.error("Redis refuses a turn", metadata: queue)
        default:
            if !lanes[index].isAway { logger.warning("Redis is away", metadata: queue) }
            lanes[index].isAway = true
        }
        lanes[index].putBack(outcomes, maybeExecuted: again || error.maybeExecuted)
        pauseCalls(index)
    }

    private func pauseCalls(_ index: Int) {
        lanes[index].pausedUntil = .now() + TimeAmount(lanes[index].backoff.next())
    }
}

extension JobType {
    /// Stands for a type that nobody runs here; never called.
    fileprivate static let unknown = JobType { _ in throw Bury("no handler") }
}

extension Job {
    fileprivate init(claimed: TurnReply.Claimed, queue: String, header: Header, attempts: Int) {
        self.init(
            id: claimed.id, queue: queue, type: header.type, priority: header.priority, key: header.key,
            attempt: header.attempt + 1, maxAttempts: header.maxAttempts ?? attempts,
            enqueuedAt: Date(milliseconds: header.enqueuedAt), source: header.source,
            headers: header.headers.flatMap(Self.headers) ?? [:], payload: claimed.payload)
    }

    /// The producer's JSON; what is not an object of strings is left out.
    private static func headers(_ json: String) -> [String: String]? {
        try? JSONDecoder().decode([String: String].self, from: Data(json.utf8))
    }
}
