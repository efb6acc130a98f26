import Foundation

/// Where a server is and how to log in: `redis://user:pass@host:port/db`, `rediss://…` (TLS), `unix:///path?db=N`.
///
/// `rediss://…?ca=/path/to/ca.pem` trusts that authority instead of the system's.
package struct Address: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var place: Place
    package var isTLS = false
    package var authority: String?
    package var user: String?
    package var password: String?
    package var database = 0

    package init(url: String) throws(RedisError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme else {
            throw .invalidAddress("the Redis URL cannot be read; it is redis://, rediss:// or unix://")
        }
        let query = Dictionary(
            (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        switch scheme {
        case "redis", "rediss":
            let port = parts.port ?? 6379
            guard (1...65535).contains(port) else {
                throw .invalidAddress("the Redis URL has the port \(port); it is from 1 to 65535")
            }
            let host = (parts.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            place = .tcp(host: host.isEmpty ? "127.0.0.1" : host, port: port)
            isTLS = scheme == "rediss"
            authority = query["ca"]
            try readDatabase(parts.path.isEmpty || parts.path == "/" ? "0" : String(parts.path.dropFirst()))
        case "unix":
            guard !parts.path.isEmpty, (parts.host ?? "").isEmpty else {
                throw .invalidAddress("the Redis URL names no socket; it is unix:///path, with three slashes")
            }
            guard parts.path.utf8.count <= 107 else {
                throw .invalidAddress(
                    "the socket's path has \(parts.path.utf8.count) bytes; the system takes up to 107")
            }
            place = .unix(path: parts.path)
            try readDatabase(query["db"] ?? "0")
        default:
            throw .invalidAddress("the Redis URL has the scheme \(scheme); it is redis, rediss or unix")
        }
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func readDatabase(_ text: String) throws(RedisError) {
        guard let number = Int(text), number >= 0 else {
            // The text is not quoted: where a password holds a bare slash, a part of it is read as the path.
            throw .invalidAddress("the Redis URL names a database that is no number; write redis://host:port/0")
        }
        database = number
    }

    /// Without credentials, for logs and errors.
    package var label: String {
        switch place {
        case .tcp(let host, let port): "\(isTLS ? "rediss" : "redis")://\(host):\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }
}
