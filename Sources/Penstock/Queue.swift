import Foundation
import NIOCore
import NIOFoundationCompat
import Redis

/// One queue: a name in a `Store`. Cheap to make; holds no connection of its own.
public struct Queue: Sendable {
    public let name: String
    let store: Store

    /// - Throws: `QueueError.invalid` unless the name is 1 to 128 of `A-Z a-z 0-9 . _ / -`.
    public init(_ name: String, in store: Store) throws(QueueError) {
        guard Self.isValid(name) else {
            throw .invalid(
                "the queue name has \(name.utf8.count) bytes or a character that is not allowed; it is 1 to 128 of A-Z a-z 0-9 . _ / -"
            )
        }
        self.name = name
        self.store = store
    }

    /// Queues of benchmarks are nobody's business: not listed, not looked after, not recorded.
    package static let benchPrefix = "penstock-bench/"

    /// Whether a queue can have this name.
    public static func isValid(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "._/-".utf8.contains(byte)
                }
            }
    }

    func call(_ function: String, _ arguments: [String] = []) async throws(QueueError) -> Reply {
        try await store.call(function, name, arguments)
    }
}
