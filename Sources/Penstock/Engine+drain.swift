import Logging
import NIOCore
import Redis

extension Engine {
    /// Stops claiming, gives back what has not begun, lets the rest end. A while before the end of `grace` the handlers are
    /// cancelled; shortly before it, what is still held is released, and nobody waits for handlers that ignore it.
    func drain(within grace: Duration) {
        guard phase == .running else { return }
        phase = .draining
        logger.info("draining", metadata: ["running": "\(inHand)"])
        stopWaiting()
        for run in slots?.takeReady() ?? [] { add(run.outcome(.release)) }
        let cancels = grace - min(.seconds(6), grace / 4)
        let releases = grace - min(.milliseconds(500), grace / 10)
        eventLoop.scheduleTask(in: TimeAmount(cancels)) { [weak self] in
            self?.assumeIsolated { $0.stopHandlers() }
        }
        eventLoop.scheduleTask(in: TimeAmount(releases)) { [weak self] in
            self?.assumeIsolated { $0.stopNow() }
        }
        pump()
    }

    private func stopHandlers() {
        guard phase == .draining else { return }
        for lane in lanes {
            for run in lane.held.values { _ = run.stop(because: .shutdown) }
        }
    }

    private func stopNow() {
        guard phase == .draining else { return }
        logger.warning("handlers did not end in time; their jobs are released", metadata: ["running": "\(inHand)"])
        begin { await $0.finish() }
    }

    func finishIfDrained() {
        let isDrained =
            inHand == 0 && lanes.allSatisfy { !$0.hasOutcomes && $0.turnsInFlight == 0 && $0.bell == nil }
        if isDrained { begin { await $0.finish() } }
    }

    /// Tells what has ended in the last moment. Then the last call names no run and so releases all: what is left in hand,
    /// and what a lost reply left behind.
    private func finish() async {
        guard phase == .draining else { return }
        collect()
        phase = .over
        let deadline = NIODeadline.now() + .milliseconds(400)
        for index in lanes.indices {
            while lanes[index].hasOutcomes, NIODeadline.now() < deadline {
                guard await tellLast(index) else { break }
            }
            var goesOn = true
            while goesOn, NIODeadline.now() < deadline {
                var command = Store.command("renew", lanes[index].queue.name)
                command.append(contentsOf: [consumer, "0", "last", "0"])
                do throws(RedisError) {
                    goesOn =
                        try await client.send(command, timeout: .milliseconds(400)).strings?.dropFirst(4).first
                        == "more"
                } catch {
                    logger.warning(
                        "not released; the leases run out instead",
                        metadata: [LogKey.queue: "\(lanes[index].queue.name)", LogKey.error: "\(error)"])
                    goesOn = false
                }
            }
        }
        _ = try? await client.send(Command("HDEL", Store.Key.workers, consumer), timeout: .milliseconds(200))
        await end()
    }
}
