/// What can be wrong with a receiver before it serves anything. Never contains a secret.
package enum ReceiverError: Error, Sendable, Equatable, CustomStringConvertible {
    case noSecret(source: String)
    case emptySecret(source: String)
    case badTemplate(String, fault: String)
    /// The address cannot be listened on; the text is the system's reason.
    case cannotListen(String, reason: String)

    package var description: String {
        switch self {
        case .noSecret(let source):
            "source \(source) has no secret; give it one, so that its signatures can be checked"
        case .emptySecret(let source):
            "source \(source) has an empty secret, which anybody can sign with; set the secret that the sender uses"
        case .badTemplate(let text, let fault):
            "the key template \(text) \(fault); write fields as {repository.full_name}"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason); free it or choose another address"
        }
    }
}
