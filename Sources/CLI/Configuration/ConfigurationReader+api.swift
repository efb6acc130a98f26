extension ConfigurationReader {
    /// Who may use the API, and how full Redis may be while jobs are taken over HTTP.
    func api(_ field: Field, into configuration: inout Configuration) {
        guard let members = field.members(["keys", "memoryMark"]) else { return }
        if let mark = members["memoryMark"] { configuration.memoryMark = share(mark) }
        // A mark stands on its own; without it the section was made for its keys.
        let remedy = "write keys: [env:PENSTOCK_API_KEY]"
        let keys = members["memoryMark"] == nil ? members.required("keys", remedy) : members["keys"]
        guard let keys else { return }
        configuration.apiKeys = secrets(keys, "a list such as [env:PENSTOCK_API_KEY]").map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func share(_ field: Field) -> Double? {
        let wanted = "a share of Redis's maxmemory from 1% to 100%, such as 90%"
        guard let text = field.text(wanted) else { return nil }
        guard text.hasSuffix("%"), let percent = Int(text.dropLast()), (1...100).contains(percent) else {
            field.mistake("\(field.shown(text)) is not \(wanted)")
            return nil
        }
        return Double(percent) / 100
    }
}
