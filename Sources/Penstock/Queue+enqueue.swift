import Foundation
import NIOCore
import Redis

extension Queue {
    /// Bounds of one call, the same as in the function library.
    private static let callJobs = 100
    private static let callBytes = 4 << 20

    /// Enqueues one job. Once it returns, the job survives the crash of any process.
    /// - Throws: `QueueError.away` (with `maybeExecuted` when the answer was lost: repeat it with the same `id` or
    ///   `unique`), `.full`, `.invalid`.
    public func enqueue(_ job: NewJob) async throws(QueueError) -> Receipt {
        var command = Store.command("enqueue", name)
        try job.append(to: &command)
        let words = try await store.send(command).strings ?? []
        guard words.count == 2, let receipt = Receipt(word: words[0], value: words[1]) else {
            throw .refused("the answer to an enqueue cannot be read")
        }
        return receipt
    }

    /// Enqueues many jobs, in calls of at most 100 jobs and 4 MiB; each has an answer of its own, in order.
    public func enqueue(_ jobs: [NewJob]) async -> [Result<Receipt, QueueError>] {
        var answers: [Result<Receipt, QueueError>] = []
        answers.reserveCapacity(jobs.count)
        var start = 0
        while start < jobs.count {
            var command = Store.command("enqueue_many", name)
            var results: [QueueError?] = []
            while start < jobs.count, results.count < Self.callJobs,
                results.isEmpty || command.size + jobs[start].payload.readableBytes <= Self.callBytes
            {
                do throws(QueueError) {
                    var words = Command()
                    try jobs[start].append(to: &words)
                    command.append(words.count)
                    command.append(contentsOf: words)
                    results.append(nil)
                } catch {
                    results.append(error)
                }
                start += 1
            }
            answers.append(contentsOf: await send(command, results))
        }
        return answers
    }

    /// One call; what was wrong before it was sent keeps its error.
    private func send(_ command: Command, _ errors: [QueueError?]) async -> [Result<Receipt, QueueError>] {
        var words: [String] = []
        if errors.contains(where: { $0 == nil }) {
            do throws(QueueError) {
                words = try await store.send(command).strings ?? []
            } catch {
                return errors.map { .failure($0 ?? error) }
            }
        }
        var at = 0
        return errors.map { wrong in
            if let wrong { return .failure(wrong) }
            defer { at += 2 }
            guard at + 1 < words.count else { return .failure(.refused("the answer to an enqueue cannot be read")) }
            if let receipt = Receipt(word: words[at], value: words[at + 1]) { return .success(receipt) }
            return .failure(QueueError(RedisError(text: words[at + 1])))
        }
    }
}

extension NewJob {
    /// The words of `penstock_enqueue` behind the queue.
    fileprivate func append(to command: inout Command) throws(QueueError) {
        command.append(type)
        command.append(payload)
        // An id made here, before the first attempt, makes it safe to repeat a call whose answer was lost.
        for (name, value) in [
            ("id", id ?? UUID.version7().uuidString.lowercased()), ("key", key), ("unique", unique), ("source", source),
            ("traceparent", traceparent), ("attempts", attempts.map(String.init)),
            ("delay", try delay.map { value throws(QueueError) in try milliseconds(value, "delay") }),
            ("ttl", try ttl.map { value throws(QueueError) in try milliseconds(value, "ttl") }),
            ("scope", scope?.rawValue),
            ("conflict", conflict == .skip ? nil : conflict.rawValue), ("singleton", singleton?.rawValue),
            ("max-wait", try maxWait.map { value throws(QueueError) in try milliseconds(value, "max-wait") }),
            ("deadline", try deadline.map { value throws(QueueError) in try milliseconds(value, "deadline") }),
            ("late", late == .bury ? nil : late.rawValue),
            ("timeout", try timeout.map { value throws(QueueError) in try milliseconds(value, "timeout") }),
            ("at", try at.map { value throws(QueueError) in try milliseconds(value, "at") }),
            ("priority", priority == .normal ? nil : priority.name),
            ("headers", headers.isEmpty ? nil : Self.json(headers)),
        ] {
            guard let value else { continue }
            command.append(name)
            command.append(value)
        }
    }

    private func milliseconds(_ duration: Duration, _ name: String) throws(QueueError) -> String {
        let milliseconds = duration.milliseconds
        guard milliseconds >= 0 else { throw .invalid("\(name) is \(duration); it cannot be negative") }
        return String(milliseconds)
    }

    private func milliseconds(_ date: Date, _ name: String) throws(QueueError) -> String {
        guard let milliseconds = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded(.down)), milliseconds >= 0
        else { throw .invalid("\(name) is \(date.timeIntervalSince1970) s; it is a date from 1970 to 2286") }
        return String(milliseconds)
    }

    private static func json(_ headers: [String: String]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let bytes = try? encoder.encode(headers)
        return String(decoding: bytes ?? Data("{}".utf8), as: UTF8.self)
    }
}

extension UUID {
    /// A time-ordered id, RFC 9562 section 5.7: 48 bits of milliseconds, the rest random.
    static func version7(now: Date = Date()) -> UUID {
        var bytes = UUID().uuid
        let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1000))
        withUnsafeMutableBytes(of: &bytes) { raw in
            for index in 0..<6 { raw[index] = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * UInt64(index))) }
            raw[6] = raw[6] & 0x0f | 0x70
        }
        return UUID(uuid: bytes)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; the largest or smallest number where they are more than it can hold.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isLarge) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, isLarger) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        if isLarge || isLarger { return seconds < 0 ? .min : .max }
        return sum
    }
}
