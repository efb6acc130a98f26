import NIOCore
import Redis

extension Queue {
    /// Moves a waiting, delayed or parked job to another queue, which may be on another server. It keeps its id, level, time
    /// and options, not its place. When a step fails without an answer, the job stays parked here until the same move is called
    /// again. A repeat finds the job in the other queue as long as it lives there; if it has ended meanwhile it runs again, as
    /// any job may: at least once.
    /// - Returns: `duplicate`, and the job stays here, when the other queue has its id or unique key already.
    /// - Throws: `QueueError.unknown`; `.invalid` for a running or dead job; what the other queue's enqueue throws.
    public func move(_ id: String, to target: Queue) async throws(QueueError) -> Receipt {
        let departure = try Departure(try await call("depart", [id, target.name]))
        let receipt: Receipt
        do throws(QueueError) {
            receipt = try await target.take(departure)
        } catch {
            // Refused for certain: the job waits here as before. Else the answer is not known, and it stays on its way.
            switch error {
            case .full, .outOfMemory, .invalid: try await move(id, delay: departure.delay)
            case .away, .unknown, .refused: break
            }
            throw error
        }
        // Its own id is a duplicate when this is a repeat; or a stranger has it.
        var isThere = receipt.id == id
        if isThere, receipt.isDuplicate, let other = try await target.job(id) { isThere = departure.fits(other) }
        guard isThere else {
            try await move(id, delay: departure.delay)
            return Receipt(id: receipt.id, answer: .duplicate)
        }
        _ = try await call("departed", [id, target.name])
        return Receipt(id: id)
    }

    private func take(_ departure: Departure) async throws(QueueError) -> Receipt {
        var command = Store.command("enqueue", name)
        for word in departure.words { command.append(word) }
        let words = try await store.send(command).strings ?? []
        guard words.count == 2, let receipt = Receipt(word: words[0], value: words[1]) else {
            throw .garbled("enqueue")
        }
        try? await store.register(queues: [name])
        return receipt
    }
}

/// The words of an enqueue, as `penstock_depart` answers them: type, payload, names and values.
private struct Departure {
    let words: [ByteBuffer]

    init(_ reply: Reply) throws(QueueError) {
        words = reply.array?.compactMap(\.bytes) ?? []
        guard words.count >= 4, words.count % 2 == 0 else { throw .garbled("depart") }
    }

    /// What is left of the job's delay; zero if it is ready.
    var delay: Duration {
        for at in stride(from: 2, to: words.count, by: 2) where String(buffer: words[at]) == "delay" {
            return .milliseconds(Int(String(buffer: words[at + 1])) ?? 0)
        }
        return .zero
    }

    func fits(_ job: JobRecord) -> Bool { job.type == String(buffer: words[0]) && job.payload == words[1] }
}
