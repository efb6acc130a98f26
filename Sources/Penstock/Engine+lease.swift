import Foundation
import Logging
import NIOCore
import Redis

extension Engine {
    private static let beat = Duration.seconds(10)
    /// After a run was asked to stop, its handler has this long to return: an exec child gets SIGKILL after 5 s.
    private static let stopTime = TimeAmount.seconds(6)

    /// Renews every third of a lease, as long as anything is held; goes on while the worker drains.
    func renewForEver(_ index: Int) async {
        while phase != .over {
            let period = lanes[index].period
            do throws(RedisError) {
                try await renew(index, period: period)
                await pause(lanes[index].period)
            } catch {
                // Redis away: the leases of all go on together. A refusal is another thing, and would cost them.
                logger.log(
                    level: error.isAway ? .debug : .error, "not renewed",
                    metadata: [LogKey.queue: "\(lanes[index].queue.name)", LogKey.error: "\(error)"])
                await pause(min(.milliseconds(500), period))
            }
        }
    }

    /// Names all runs that this worker holds, 100 a call; the last call also releases what Redis holds under our name and we
    /// do not know (a turn's reply was lost), and lets jobs of our types in that were parked.
    private func renew(_ index: Int, period: Duration) async throws(RedisError) {
        var names = Array(lanes[index].held.keys)
        var goesOn = true
        while goesOn {
            let chunk = Array(names.prefix(Lane.callJobs))
            names.removeFirst(chunk.count)
            let isLast = names.isEmpty
            var command = Store.command("renew", lanes[index].queue.name)
            command.append(consumer)
            command.append(Int(period.milliseconds))
            command.append(isLast ? "last" : "more")
            command.append(isLast ? types.count : 0)
            if isLast { command.append(contentsOf: types.keys) }
            for name in chunk {
                command.append(contentsOf: [name.level, name.entry, name.id])
                command.append(name.n)
            }
            let words = try await client.send(command).strings ?? []
            guard words.count == 5 + chunk.count else {
                throw .garbled("the answer to a renewal cannot be read")
            }
            if let lease = Int(words[1]) { lanes[index].lease = .milliseconds(lease) }
            for (name, answer) in zip(chunk, words[5...]) { heard(answer, of: name, index) }
            goesOn = !isLast || words[4] == "more"
        }
    }

    private func heard(_ answer: String, of name: Run.Name, _ index: Int) {
        guard answer != "OK", let run = lanes[index].held[name] else { return }
        if answer == "LOST" {
            // Settled while the renewal was under way, or given to another worker.
            if run.stop(because: .lost) {
                logger.warning("lease lost", metadata: [LogKey.job: "\(name.id)"])
                takeBack(run, .none)
            }
        } else if run.stop(because: .cancelled) {
            takeBack(run, .cancelled)
        }
    }

    /// Settles a run at once if no handler has begun it; else its handler was asked to stop, and is given up if it does not.
    private func takeBack(_ run: Run, _ verdict: Outcome.Verdict) {
        if slots?.takeReady(where: { $0 === run }).isEmpty == false {
            add(run.outcome(verdict))
            pump()
        } else {
            giveUpLater(run)
        }
    }

    /// Enforces the limits of a run.
    func watch(_ run: Run) {
        for limit in run.limits { watch(run, for: limit.duration, of: limit) }
    }

    private func watch(_ run: Run, for left: Duration, of limit: Run.Limit) {
        // Weakly: a run that is over must not be kept, with its payload, until its timeout would have come.
        eventLoop.scheduleTask(in: TimeAmount(left)) { [weak self, weak run] in
            guard let run else { return }
            if let left = run.timeLeft(of: limit) {
                self?.assumeIsolated { $0.watch(run, for: left, of: limit) }
                return
            }
            guard run.stop(because: limit.fate) else { return }
            self?.assumeIsolated { $0.giveUpLater(run) }
        }
    }

    private func giveUpLater(_ run: Run) {
        eventLoop.scheduleTask(in: Self.stopTime) { [weak self, weak run] in
            guard let run else { return }
            self?.assumeIsolated { $0.giveUp(run) }
        }
    }

    /// Settles a run whose handler does not return, and opens a slot in place of the one that it holds.
    private func giveUp(_ run: Run) {
        guard let outcome = run.abandon() else { return }
        logger.warning(
            "a handler does not stop", metadata: [LogKey.job: "\(run.name.id)", LogKey.type: "\(run.job.type)"])
        slots?.replace()
        add(outcome)
        pump()
    }

    /// A worker that lives is seen also when Redis is at its maxmemory: its field is there already.
    private static let tellBeat = "#!lua flags=allow-oom\nreturn redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])"

    /// Says that this process lives, for people who look; leases do not depend on it.
    func beatForEver() async {
        while phase != .over {
            do throws(RedisError) {
                let names = lanes.map(\.queue.name)
                let known = names.filter { !$0.hasPrefix(Queue.benchPrefix) }
                if !known.isEmpty {
                    var register = Command("SADD", Store.Key.queues)
                    register.append(contentsOf: known)
                    // A full Redis refuses it; the beat goes on.
                    _ = try? await client.send(register)
                }
                let now = Int64(time: try await client.send(Command("TIME"))) ?? 0
                let beat = heartbeat(at: now, queues: names)
                _ = try await client.send(Command("EVAL", Self.tellBeat, "1", Store.Key.workers, consumer, beat))
                await pause(Self.beat)
            } catch {
                await pause(.seconds(1))
            }
        }
    }

    private func heartbeat(at now: Int64, queues: [String]) -> String {
        struct Beat: Encodable {
            let at: Int64
            let queues: [String]
            let types: [String]
            let concurrency: Int
            let running: Int
        }
        let beat = Beat(
            at: now, queues: queues, types: types.keys.sorted(),
            concurrency: capacity, running: inHand)
        return (try? JSONEncoder().encode(beat)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
