import Foundation

/// Where a request wants to go. A queue's name may have slashes; in a path they are written `%2F`.
struct Place: Equatable {
    let endpoint: Endpoint
    /// What stands in the path's places, decoded: a source; a queue; a queue and a job's id.
    let names: [String]

    /// Nil if nothing is served there.
    /// - Parameter target: the request's target, with or without a query.
    init?(_ target: String) {
        let path = target.prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.removingPercentEncoding
        }
        guard path.hasPrefix("/"), segments.allSatisfy({ $0?.isEmpty == false }) else { return nil }
        let words = segments.compactMap { $0 }
        for (endpoint, pattern) in Self.patterns where pattern.count == words.count {
            var names: [String] = []
            let fits = zip(pattern, words).allSatisfy { part, word in
                if part.hasPrefix("{") { names.append(word) }
                return part.hasPrefix("{") || part == word
            }
            guard fits else { continue }
            self.endpoint = endpoint
            self.names = names
            return
        }
        return nil
    }

    private static let patterns = Endpoint.allCases.map { ($0, $0.segments) }
}
