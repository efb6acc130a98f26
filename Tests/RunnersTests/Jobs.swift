import Foundation
import NIOCore
import Penstock

extension Job {
    /// A job with everything that a test does not care about filled in.
    static func sample(
        _ payload: String = "{}", key: String? = nil, source: String? = nil, headers: [String: String] = [:]
    ) -> Job {
        Job(
            id: "job-1", queue: "github", type: "sample", priority: .high, key: key, attempt: 2, maxAttempts: 7,
            enqueuedAt: Date(timeIntervalSince1970: 1_700_000_000.25), source: source, headers: headers,
            payload: ByteBuffer(string: payload))
    }
}

extension Output {
    var text: String? { json.map { String(buffer: $0) } }

    /// The result as Foundation reads it.
    func value() throws -> Any? {
        try json.map { try JSONSerialization.jsonObject(with: Data(buffer: $0), options: .fragmentsAllowed) }
    }
}

struct Late: Error {}

/// Looks until it is so. What a test waits for takes a moment, on a busy machine a few; the limit is for failures.
func eventually(_ isSo: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !isSo() {
        if ContinuousClock.now > deadline { throw Late() }
        try await Task.sleep(for: .milliseconds(5))
    }
}
