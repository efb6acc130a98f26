import Penstock

extension ConfigurationReader {
    private static let pauses = ["exponential", "linear", "fixed"]

    /// `retry: { exponential: 1s, cap: 1h, errors: [ { contains: TEXT, then: bury } ] }`.
    func retry(_ field: Field) -> Configuration.Retry? {
        guard let members = field.members(Self.pauses + ["cap", "errors"]) else { return nil }
        var retry = Configuration.Retry()
        retry.pauses = pauses(field, members)
        retry.cap = members["cap"].flatMap { $0.duration() }
        retry.errors = (members["errors"]?.list("a list such as [{ contains: \"no such user\", then: bury }]") ?? [])
            .flatMap(errorClass)
        return retry
    }

    private func pauses(_ field: Field, _ members: Field.Members) -> RetryPolicy.Pauses? {
        let given = Self.pauses.filter { members[$0] != nil }
        if given.count > 1 { field.mistake("\(given.joined(separator: " and ")) are both given; keep one") }
        guard let name = given.first, let value = members[name] else { return nil }
        switch name {
        case "exponential": return value.duration().map { .exponential(base: $0) }
        case "linear": return value.duration().map { .linear(step: $0) }
        default:
            guard let fields = value.list("a list of durations such as [1s, 1m, 10m]") else { return nil }
            if fields.isEmpty { value.mistake("the list is empty; it has to be pauses such as [1s, 1m, 10m]") }
            let pauses = fields.compactMap { $0.duration(.zero...DurationText.longest) }
            return pauses.isEmpty ? nil : .fixed(pauses)
        }
    }

    /// One class for each text.
    private func errorClass(_ field: Field) -> [Configuration.Retry.ErrorClass] {
        guard let members = field.members(["contains", "then"] + Self.pauses) else { return [] }
        let texts = members.required("contains", "write a part of the error's text").flatMap { $0.texts() }
        let pauses = pauses(field, members)
        let then = members.required("then", "write bury, skip or retry").flatMap { $0.text("bury, skip or retry") }
        let decision: RetryPolicy.Decision
        switch then {
        case "retry": decision = .retry(pauses)
        case "bury": decision = .bury
        case "skip": decision = .skip
        case let then?:
            let words = ["bury", "skip", "retry"]
            members["then"]?.mistake(
                "\(field.shown(then)) is unknown; \(Suggestion.remedy(for: then, among: words, noun: "known words"))")
            return []
        case nil: return []
        }
        if pauses != nil, then != "retry" { field.mistake("pauses are for then: retry; take them out") }
        if texts?.contains("") == true {
            members["contains"]?.mistake("the text is empty and would match every error; write a part of it")
        }
        return (texts ?? []).map { .init(contains: $0, decision: decision) }
    }
}
