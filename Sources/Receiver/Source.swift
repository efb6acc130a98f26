import Crypto

/// Where webhooks come from: a name in `/webhooks/{name}`, how its requests are proven genuine, and with what.
package struct Source: Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable, CaseIterable {
        /// `X-Hub-Signature-256: sha256=…` over the raw body.
        case github
    }

    package let name: String
    package let scheme: Scheme
    /// Every one is valid, so that a secret can be rotated without losing a delivery.
    let secrets: [SymmetricKey]

    /// - Throws: `ReceiverError` when there is no secret, or an empty one.
    package init(name: String, scheme: Scheme = .github, secrets: [[UInt8]]) throws(ReceiverError) {
        guard !secrets.isEmpty else { throw .noSecret(source: name) }
        guard secrets.allSatisfy({ !$0.isEmpty }) else { throw .emptySecret(source: name) }
        self.name = name
        self.scheme = scheme
        self.secrets = secrets.map { SymmetricKey(data: $0) }
    }

    package var description: String { "source \(name) (\(scheme.rawValue), secrets: \(secrets.count))" }
}
