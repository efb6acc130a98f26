import Logging
import Penstock

extension Store {
    /// How long a command waits for a server.
    static let patience = Duration.seconds(5)

    /// A store that answers, for a command: quiet, because the command's own error says what happened.
    static func reached(_ url: String) async throws(Failure) -> Store {
        let logger = Logger(label: "penstock") { StderrLog(label: $0, level: .error, format: .plain) }
        do throws(QueueError) {
            let store = try Store(url: url, logger: logger)
            try await store.connect(within: patience)
            return store
        } catch {
            throw Failure(error)
        }
    }

    /// The queue of that name, if anything is known of it: what an operator does to a slip of the pen has no effect, and he
    /// would not notice. One that only redis-cli feeds becomes known by being named.
    func existing(_ name: String) async throws -> Queue {
        let queue = try Queue(name, in: self)
        let names = try await queues()
        if names.contains(name) { return queue }
        guard try await queue.backlog().isUntouched else {
            // A full Redis refuses it, and the verb goes on.
            try? await register(queues: [name])
            return queue
        }
        let known = names.filter(Queue.isValid).sorted()
        let remedy =
            known.isEmpty
            ? "none is yet; its first job makes one" : Suggestion.remedy(for: name, among: known, noun: "known queues")
        throw Failure.failed("no queue is named \(name) in \(label); \(remedy)")
    }

    /// The named queue, or all that are known, by name.
    func chosen(_ name: String?) async throws -> [Queue] {
        if let name { return [try await existing(name)] }
        return try await queues().filter(Queue.isValid).sorted().map { name throws(QueueError) in
            try Queue(name, in: self)
        }
    }

    /// The one known queue that has a live or dead job with this id.
    func queue(of id: String) async throws -> Queue {
        var found: [Queue] = []
        for queue in try await chosen(nil) {
            do throws(QueueError) {
                if try await queue.job(id) != nil { found.append(queue) }
            } catch {
                // It is there, though it cannot be read.
                guard case .refused = error else { throw error }
                found.append(queue)
            }
        }
        let shown = String(id.prefix(128)).oneLine
        guard let queue = found.first else {
            throw Failure.failed(
                "no live or dead job is \(shown) in \(label); check the id, or name its queue with --queue")
        }
        guard found.count == 1 else {
            let names = found.map(\.name).joined(separator: ", ")
            throw Failure.failed("each of the queues \(names) has a job \(shown); say which with --queue")
        }
        return queue
    }
}

extension Backlog {
    /// Nothing has ever happened in it.
    var isUntouched: Bool {
        totals.values.allSatisfy { $0 == 0 } && waiting + running + delayed + parked + dead + events == 0
    }
}
