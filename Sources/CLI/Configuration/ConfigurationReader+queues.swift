import Penstock

extension ConfigurationReader {
    /// Settings in the words and units of `penstock_configure`.
    func queues(_ field: Field) -> [String: [String: String]] {
        var queues: [String: [String: String]] = [:]
        for (name, field) in field.named() ?? [] {
            field.checkQueue(name)
            queues[name] = settings(field)
        }
        return queues
    }

    private func settings(_ field: Field) -> [String: String] {
        guard let members = field.members(["lease", "weights", "maxLength", "maxEvents", "record"]) else { return [:] }
        var settings: [String: String] = [:]
        // The bounds are those of the function library, which would refuse more only after the start.
        if let lease = members["lease"]?.duration(.seconds(1)...(.seconds(86_400))) {
            settings["lease"] = String(DurationText.milliseconds(lease))
        }
        if let weights = members["weights"].flatMap(weights) { settings["weights"] = weights }
        if let length = members["maxLength"]?.integer(0...99_999_999_999, "a number of jobs; 0 is no limit") {
            settings["maxLength"] = String(length)
        }
        if let events = members["maxEvents"]?.integer(1...99_999_999_999, "a number of events, 1 or more") {
            settings["maxEvents"] = String(events)
        }
        if let record = members["record"].flatMap(record) { settings["record"] = record }
        return settings
    }

    private func weights(_ field: Field) -> String? {
        let wanted = "HIGH:NORMAL:LOW, each 1 to 999, such as \"6:3:1\""
        guard let text = field.text(wanted) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isRight = parts.allSatisfy { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } && part.first != "0" && (1...3).contains(part.count)
        }
        guard parts.count == 3, isRight else {
            field.mistake("\(field.shown(text)) is not \(wanted)")
            return nil
        }
        return text
    }

    private func record(_ field: Field) -> String? {
        guard let text = field.text("yes or no") else { return nil }
        switch text.lowercased() {
        case "yes", "true": return "yes"
        case "no", "false": return "no"
        default:
            field.mistake("\(field.shown(text)) is not yes or no")
            return nil
        }
    }
}

extension Field {
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
