import NIOCore
import Redis

extension Queue {
    /// The next events for Postgres, at most 1,000 and 8 MiB: first what another consumer left for 30 s, then new ones.
    package func events(consumer: String) async throws(QueueError) -> [Event] {
        let words = try await call("events", [consumer]).array ?? []
        var events: [Event] = []
        var at = 0
        while at + 1 < words.count, let count = words[at + 1].integer, at + 2 + count <= words.count {
            if let id = words[at].string.flatMap(Event.ID.init) {
                events.append(Event(id: id, fields: Reply.array(Array(words[at + 2..<at + 2 + count])).pairs))
            }
            at += 2 + count
        }
        return events
    }

    /// Acknowledges and deletes events that are committed.
    package func recorded(_ ids: [Event.ID]) async throws(QueueError) {
        var start = 0
        while start < ids.count {
            let end = min(ids.count, start + 1000)
            _ = try await call("recorded", ids[start..<end].map(\.description))
            start = end
        }
    }
}

extension Event.ID: CustomStringConvertible {
    package init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let milliseconds = Int64(parts[0]), let sequence = Int64(parts[1]) else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    package var description: String { "\(milliseconds)-\(sequence)" }
}

extension Event {
    /// What cannot be understood still becomes an event: a dead, unreadable job with its bytes.
    fileprivate init(id: ID, fields: [String: Reply]) {
        let kind = fields["kind"]?.string.flatMap(Kind.init)
        self.init(id: id, kind: kind ?? .dead, jobID: fields["id"]?.string ?? "event-\(id)")
        header = fields["header"]?.bytes.flatMap(Header.init)
        // The function leaves a completed job's header as it stands; the run that completed it was an attempt too.
        if kind == .completed { header?.attempt += 1 }
        error = fields["error"]?.string ?? (header == nil || kind == nil ? "unreadable" : nil)
        result = fields["result"]?.bytes
        payload = fields["payload"]?.bytes
        raw = fields["raw"]?.bytes ?? (header == nil ? fields["header"]?.bytes : nil)
        run = fields["run"]?.string.flatMap(Run.init)
    }
}

extension Event.Run {
    /// `level entry startedAt ran worker`, with `-` for what is not known.
    fileprivate init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 4)
        guard words.count == 5 else { return nil }
        self.init(
            level: String(words[0]), entry: String(words[1]), worker: String(words[4]), startedAt: Int64(words[2]),
            milliseconds: Int64(words[3]))
    }
}
