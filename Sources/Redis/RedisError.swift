/// What the Redis room throws. Descriptions carry no credentials, and of a command's arguments only what a
/// server's refusal tells.
package enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address cannot be read.
    case invalidAddress(String)
    /// There is no connection; the command was not sent.
    case notConnected(String)
    /// The connection ended while the command was in flight: it may have been executed.
    case lost(String)
    /// No answer in time; the connection was closed. The command may have been executed.
    case timedOut(String)
    /// The server refused: `code` is the first word of its error.
    case server(code: String, message: String)
    /// The bytes are not Redis's protocol.
    case garbled(String)

    /// Trying again later can help: there is no connection, or the server cannot serve just now.
    package var isAway: Bool {
        switch self {
        case .notConnected, .lost, .timedOut: true
        case .server(let code, _): Self.awayCodes.contains(code)
        case .invalidAddress, .garbled: false
        }
    }

    package var maybeExecuted: Bool {
        switch self {
        case .lost, .timedOut: true
        case .invalidAddress, .notConnected, .server, .garbled: false
        }
    }

    /// Codes by which a server says that it is not ready, or not the one that writes.
    static let awayCodes: Set<String> = [
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS",
    ]

    package var description: String {
        switch self {
        case .invalidAddress(let text), .notConnected(let text), .garbled(let text): text
        case .lost(let text), .timedOut(let text): "\(text); the command may have been executed"
        case .server(let code, let message): "\(code) \(message)"
        }
    }

    /// An error as the server writes it: a code, a space, a sentence.
    package init(text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        self = .server(code: words.first.map(String.init) ?? "ERR", message: words.count > 1 ? String(words[1]) : "")
    }
}
