import ArgumentParser
import Penstock

/// `penstock drain QUEUE`.
struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes no new jobs until penstock resume; what is there goes on to its end.")

    @OptionGroup var queue: QueueOptions

    @Flag(help: "Wait until nothing is left but dead letters; Ctrl-C ends the wait and not the drain.")
    var wait = false

    func run() async throws {
        try await queue.perform { queue in
            try await queue.drain()
            guard wait else { return "draining \(queue.name)" }
            try await waitUntilEmpty(queue)
            return "drained \(queue.name)"
        }
    }

    /// Looks once a second: no event tells that a queue has become empty.
    private func waitUntilEmpty(_ queue: Queue) async throws {
        var first = 0
        var told: Set<String> = []
        while true {
            let backlog = try await queue.backlog()
            guard backlog.isDraining else {
                throw Failure.failed("queue \(queue.name) was resumed meanwhile; drain it again")
            }
            let left = backlog.live
            if left == 0 { break }
            first = max(first, left)
            for hindrance in BacklogSample(backlog).hindrances where told.insert(hindrance).inserted {
                Terminal.tell("penstock: \(hindrance)")
            }
            if Terminal.showsProgress { Terminal.progress("\(left) left", 1 - Double(left) / Double(first)) }
            try await Task.sleep(for: .seconds(1))
        }
        if Terminal.showsProgress { Terminal.endProgress() }
    }
}

extension Backlog {
    /// Jobs that are not dead.
    var live: Int { waiting + running + delayed + parked }
}
