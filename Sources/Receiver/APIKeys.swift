import Crypto

/// The keys of the API. Compared by digest: every comparison takes the same time, whatever the length of what was sent.
package struct APIKeys: Sendable, CustomStringConvertible {
    private let digests: [SHA256Digest]

    /// An empty list opens the API to everybody who reaches it; empty keys are not counted.
    package init(_ keys: [String]) {
        digests = keys.filter { !$0.isEmpty }.map { SHA256.hash(data: Array($0.utf8)) }
    }

    package var isOpen: Bool { digests.isEmpty }

    /// Whether the header `Authorization` has one of the keys as a bearer token.
    func admit(_ authorization: String?) -> Bool {
        guard let authorization, let space = authorization.firstIndex(of: " "),
            authorization[..<space].lowercased() == "bearer"
        else { return false }
        let sent = SHA256.hash(data: Array(authorization[authorization.index(after: space)...].utf8))
        var isAdmitted = false
        for digest in digests where digest == sent { isAdmitted = true }
        return isAdmitted
    }

    package var description: String { isOpen ? "no API keys" : "API keys: \(digests.count)" }
}
