import Foundation
import NIOCore
import Redis

/// A job that failed for good. Header, payload and the history of errors stay in Redis until somebody requeues or resolves it,
/// or the queue's `retention` is over.
public struct DeadLetter: Sendable, Equatable {
    public let id: String
    public let type: String
    public let priority: Priority
    /// Attempts that were charged.
    public let attempts: Int
    public let error: String?
    public let diedAt: Date
    public let enqueuedAt: Date
}

/// Which dead letters are meant; nil is all.
public struct DeadFilter: Sendable, Equatable {
    public var type: String?
    /// Any part of the last error's text.
    public var error: String?
    /// Time of death.
    public var from: Date?
    public var to: Date?

    public init(type: String? = nil, error: String? = nil, from: Date? = nil, to: Date? = nil) {
        self.type = type
        self.error = error
        self.from = from
        self.to = to
    }

    var words: [String] {
        var words: [String] = []
        if let type { words += ["type", type] }
        if let error { words += ["error", error] }
        if let from { words += ["from", String(max(0, Int64(from.timeIntervalSince1970 * 1000)))] }
        if let to { words += ["to", String(max(0, Int64(to.timeIntervalSince1970 * 1000)))] }
        return words
    }
}

extension Queue {
    /// Some dead letters, the newest first, and where the next page begins (nil at the end).
    public struct DeadPage: Sendable, Equatable {
        public let letters: [DeadLetter]
        public let next: String?
    }

    /// How a requeue of many ended.
    public struct Requeued: Sendable, Equatable {
        public var queued = 0
        /// Another job had taken the unique key: the letter stays dead.
        public var duplicates = 0
    }

    /// A page of dead letters; a filter may make it short, or empty, though it is not the last.
    /// - Parameters:
    ///   - count: 1 to 100.
    ///   - before: `next` of the page before.
    public func deadLetters(
        _ filter: DeadFilter = DeadFilter(), count: Int = 100, before: String? = nil
    ) async throws(QueueError) -> DeadPage {
        let words =
            try await call(
                "dead", ["count", String(count)] + (before.map { ["before", $0] } ?? []) + filter.words
            ).array ?? []
        guard let cursor = words.first?.string, words.count % 3 == 1 else { throw .garbled("dead") }
        var letters: [DeadLetter] = []
        for at in stride(from: 1, to: words.count, by: 3) {
            guard let id = words[at].string, let died = words[at + 1].integer,
                let header = words[at + 2].bytes.flatMap(Header.init)
            else { throw .garbled("dead") }
            letters.append(
                DeadLetter(
                    id: id, type: header.type, priority: header.priority, attempts: header.attempt,
                    error: header.lastError, diedAt: Date(milliseconds: died),
                    enqueuedAt: Date(milliseconds: header.enqueuedAt)))
        }
        return DeadPage(letters: letters, next: cursor.isEmpty ? nil : cursor)
    }

    /// Gives a dead letter a new life with all its attempts, now or later. When another job has taken its unique key
    /// meanwhile, the receipt is a duplicate and names that job.
    /// - Throws: `QueueError.unknown`; `.invalid` unless the job is dead.
    public func requeue(_ id: String, delay: Duration? = nil) async throws(QueueError) -> Receipt {
        let options = delay.map { ["delay", String(max(0, $0.milliseconds))] } ?? []
        let words = try await call("requeue", [id] + options).strings ?? []
        guard words.count == 2, let receipt = Receipt(word: words[0], value: words[1]) else {
            throw .garbled("requeue")
        }
        return receipt
    }

    /// Requeues all dead letters that fit, each later than the one before so that no more than `rate` start in a second. The
    /// delays are kept in Redis: the pace goes on when this process is gone.
    /// - Parameter rate: jobs a second, 1 to 1,000,000; nil makes all ready at once.
    /// - Throws: `QueueError`; what was requeued before stays so.
    public func requeue(
        where filter: DeadFilter, rate: Int? = nil
    ) async throws(QueueError) -> Requeued {
        var requeued = Requeued()
        var before: String?
        repeat {
            let page = try await deadLetters(filter, before: before)
            for letter in page.letters {
                let delay = rate.map { Duration.seconds(requeued.queued) / $0 }
                do throws(QueueError) {
                    let receipt = try await requeue(letter.id, delay: delay)
                    if receipt.isDuplicate { requeued.duplicates += 1 } else { requeued.queued += 1 }
                } catch {
                    // Somebody else was quicker.
                    switch error {
                    case .unknown, .invalid: break
                    default: throw error
                    }
                }
            }
            before = page.next
        } while before != nil
        return requeued
    }

    /// A person has dealt with a dead letter: the note goes to Postgres, the letter out of Redis.
    /// - Parameter note: 1 to 1,000 bytes.
    /// - Throws: `QueueError.unknown`; `.invalid` unless the job is dead.
    public func resolve(_ id: String, note: String) async throws(QueueError) {
        _ = try await call("resolve", [id, note])
    }
}
