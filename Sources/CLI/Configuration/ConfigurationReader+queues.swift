import Penstock

extension ConfigurationReader {
    /// Settings in the words and units of `penstock_configure`.
    /// - Parameter jobs: the job types that the file defines.
    func queues(_ field: Field, jobs: [String]) -> [String: [String: String]] {
        var queues: [String: [String: String]] = [:]
        for (name, field) in field.named() ?? [] {
            field.checkQueue(name)
            queues[name] = settings(field, jobs: jobs)
        }
        return queues
    }

    private func settings(_ field: Field, jobs: [String]) -> [String: String] {
        let known = SettingKind.plain + SettingKind.limits
        guard let members = field.members(known.map(\.name) + ["types", "eachKey", "keys"]) else { return [:] }
        var settings = members.settings(known, scope: "")
        for (type, field) in members["types"]?.named() ?? [] {
            field.checkBytes(type, limit: 128, "a job type")
            if let near = Suggestion.nearest(to: type, among: jobs), !jobs.contains(type) {
                field.warn("no job of this file has the type \(field.shown(type)); did you mean \"\(near)\"?")
            }
            let names = SettingKind.limits.map(\.name)
            settings.merge(field.limits(names, scope: ":type:\(type)")) { $1 }
        }
        // Not a name under `keys`: every name there can be a key.
        settings.merge(members["eachKey"]?.limits(["concurrency", "rate"], scope: ":key") ?? [:]) { $1 }
        for (key, field) in members["keys"]?.named() ?? [] {
            field.checkBytes(key, limit: 256, "a key")
            settings.merge(field.limits(["concurrency", "rate"], scope: ":key:\(key)")) { $1 }
        }
        if let fault = LimitCount(settings).fault { field.mistake(fault) }
        return settings
    }
}

extension Field.Members {
    /// The settings among these members that are right, under their names and `scope`.
    fileprivate func settings(_ known: [(name: String, kind: SettingKind)], scope: String) -> [String: String] {
        var settings: [String: String] = [:]
        for (name, kind) in known {
            if let word = self[name]?.setting(kind) { settings[name + scope] = word }
        }
        return settings
    }
}

extension Field {
    fileprivate func setting(_ kind: SettingKind) -> String? {
        guard let text = text(kind.wanted) else { return nil }
        do throws(OptionFault) {
            return try kind.word(text)
        } catch {
            mistake(error.description)
            return nil
        }
    }

    /// The limits of a type or a key.
    fileprivate func limits(_ names: [String], scope: String) -> [String: String] {
        members(names)?.settings(SettingKind.limits.filter { names.contains($0.name) }, scope: scope) ?? [:]
    }

    /// Whether jobs can have this type or key.
    fileprivate func checkBytes(_ name: String, limit: Int, _ noun: String) {
        let isRight =
            (1...limit).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        if !isRight { mistake("the name cannot be \(noun); use 1 to \(limit) bytes without control characters") }
    }

    /// Whether a queue can have this name.
    @discardableResult
    func checkQueue(_ name: String) -> Bool {
        guard Queue.isValid(name) else {
            mistake("\(shown(name)) cannot be a queue's name; use 1 to 128 of A-Z a-z 0-9 . _ / -")
            return false
        }
        return true
    }
}
