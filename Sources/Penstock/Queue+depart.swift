import NIOCore
import Redis

extension Queue {
    /// Moves a waiting, delayed or parked job to another queue, which may be on another server. It keeps its id, payload, level,
    /// time, key, unique key, deadline and attempts allowed; its place, failed attempts and `maxWait` it leaves. When a step fails
    /// without an answer, the job stays parked here until the same move is called again. A repeat finds the job in the other
    /// queue as long as it lives or is dead there; if it has ended meanwhile it runs again, as any job may: at least once.
    /// - Returns: `duplicate`, and the job stays here, when the other queue has its id or unique key already.
    /// - Throws: `QueueError.unknown`; `.invalid` for a running or dead job; what the other queue's enqueue throws.
    public func move(_ id: String, to target: Queue) async throws(QueueError) -> Receipt {
        let departure = try Departure(try await call("depart", [id, target.name]))
        let receipt: Receipt
        do throws(QueueError) {
            receipt = try await target.take(departure)
        } catch {
            // Refused for certain: the job waits here as before. Else the answer is not known, and it stays on its way. A Redis
            // that is full refuses before it looks: the job may be there from a call whose answer was lost.
            switch error {
            case .outOfMemory where try await target.job(id)?.origin == departure.origin:
                _ = try await call("departed", [id, target.name])
                return Receipt(id: id)
            case .full, .outOfMemory, .invalid: try await move(id, delay: departure.delay)
            case .away, .unknown, .refused: break
            }
            throw error
        }
        // It is a duplicate of itself when this is a repeat. Of any other, whoever has its id or its unique key, it is not.
        var isThere = !receipt.isDuplicate
        if !isThere, receipt.id == id { isThere = try await target.job(id)?.origin == departure.origin }
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
        guard words.count >= 4, words.count % 2 == 0, origin != nil else { throw .garbled("depart") }
    }

    /// What is left of the job's delay; zero if it is ready.
    var delay: Duration { .milliseconds(value(of: "delay").flatMap { Int($0) } ?? 0) }
    /// Which life of the id it is.
    var origin: String? { value(of: "origin") }

    private func value(of name: String) -> String? {
        for at in stride(from: 2, to: words.count, by: 2) where String(buffer: words[at]) == name {
            return String(buffer: words[at + 1])
        }
        return nil
    }
}
