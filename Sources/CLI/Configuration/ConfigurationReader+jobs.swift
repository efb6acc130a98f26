import Foundation

extension ConfigurationReader {
    private static let runners = ["handler", "exec", "http"]

    func jobs(
        _ field: Field
    ) -> (read: [String: Configuration.Job], names: [String], fields: [(name: String, field: Field)]) {
        let entries = field.named() ?? []
        var jobs: [String: Configuration.Job] = [:]
        for (name, field) in entries { jobs[name] = job(field, type: name) }
        return (jobs, entries.map(\.name), entries)
    }

    private func job(_ field: Field, type: String) -> Configuration.Job? {
        if !(1...128).contains(type.utf8.count)
            || type.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        {
            field.mistake("the name of a job type is not allowed; use 1 to 128 bytes without control characters")
        }
        guard let members = field.members(Self.runners + ["timeout", "heartbeat", "attempts", "retry"]) else {
            return nil
        }
        let given = Self.runners.filter { members[$0] != nil }
        if given.isEmpty {
            field.mistake("nothing runs this job type; give it one of handler, exec, http")
        } else if given.count > 1 {
            field.mistake("\(given.joined(separator: " and ")) are both given; keep one")
        }
        let timeout = members["timeout"].flatMap { $0.duration() }
        let heartbeat = members["heartbeat"].flatMap { $0.duration() }
        let retry = members["retry"].flatMap(retry)
        let attempts = members["attempts"].flatMap { $0.integer(1...1000, "a number from 1 to 1000") }
        let read = given.compactMap { name in members[name].flatMap { runner(name, $0) } }
        guard let runner = read.first else { return nil }
        return Configuration.Job(
            runner: runner, timeout: timeout, heartbeat: heartbeat, attempts: attempts, retry: retry)
    }

    private func runner(_ name: String, _ field: Field) -> Configuration.Runner? {
        switch name {
        case "handler": handler(field)
        case "exec": exec(field)
        default: http(field)
        }
    }

    private func handler(_ field: Field) -> Configuration.Runner? {
        guard let name = field.text("the name of a handler") else { return nil }
        guard handlers.contains(name) else {
            field.mistake(
                "this program has no handler \(field.shown(name)); \(Suggestion.remedy(for: name, among: handlers, noun: "its handlers"))"
            )
            return nil
        }
        return .handler(name)
    }

    private func exec(_ field: Field) -> Configuration.Runner? {
        guard let fields = field.list("a list such as [cat, -n]") else { return nil }
        guard !fields.isEmpty else {
            field.mistake("the list is empty; it has to be a program and its arguments, such as [cat, -n]")
            return nil
        }
        let words = fields.compactMap { $0.text() }
        if !fields[0].isNull, fields[0].node.scalar?.string == "" {
            fields[0].mistake("the program has no name; write one, such as cat")
            return nil
        }
        for (word, field) in zip(words, fields) where word.utf8.contains(0) {
            field.mistake("a NUL is in this argument; no program can be given one")
        }
        return words.count == fields.count ? .exec(words) : nil
    }

    private func http(_ field: Field) -> Configuration.Runner? {
        guard let members = field.members(["url", "timeout"]) else { return nil }
        let timeout = members["timeout"].flatMap { $0.duration() }
        guard let field = members.required("url", "write url: \"http://127.0.0.1:9000/run\""),
            let text = field.text("a URL")
        else { return nil }
        // Not said back: a URL may carry a password.
        guard let parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false
        else {
            field.mistake("the URL cannot be used; write one such as http://127.0.0.1:9000/run")
            return nil
        }
        return .http(url: text, timeout: timeout)
    }
}
