import Receiver

extension ConfigurationReader {
    /// The sources that are right, and the names of all, so that a mistake in a source is not told again at its routes.
    func sources(_ field: Field) -> (read: [Source], names: [String], fields: [(name: String, field: Field)]) {
        let entries = field.named() ?? []
        return (entries.compactMap { source($0.field, name: $0.name) }, entries.map(\.name), entries)
    }

    private func source(_ field: Field, name: String) -> Source? {
        guard field.checkName(name), let members = field.members(["scheme", "secrets"]) else { return nil }
        let schemes = Source.Scheme.allCases.map(\.rawValue)
        var scheme: Source.Scheme?
        if let field = members.required("scheme", "write scheme: github"), let text = field.text("a scheme") {
            scheme = Source.Scheme(rawValue: text)
            if scheme == nil {
                field.mistake(
                    "there is no scheme \(field.shown(text)); \(Suggestion.remedy(for: text, among: schemes, noun: "known schemes"))"
                )
            }
        }
        let example = "a list such as [env:GITHUB_WEBHOOK_SECRET]"
        let secrets = members.required("secrets", "write secrets: [env:GITHUB_WEBHOOK_SECRET]").map {
            self.secrets($0, example)
        }
        guard let scheme, let secrets, !secrets.isEmpty else { return nil }
        return try? Source(name: name, scheme: scheme, secrets: secrets)
    }
}
