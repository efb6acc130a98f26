import Penstock
import Receiver
import Servers
import Sink

/// How a command ends when it does not end well: lines for stderr, each fact, value and remedy, and an exit code.
enum Failure: Error, Equatable {
    /// Options or configuration are wrong; every mistake has its line. 64, as in sysexits.h.
    case usage([String])
    /// A server cannot be reached. 69.
    case away(String)
    case failed(String)

    static func usage(_ text: String) -> Failure { .usage(["penstock: \(text)"]) }

    var code: Int32 {
        switch self {
        case .usage: 64
        case .away: 69
        case .failed: 1
        }
    }

    var lines: [String] {
        switch self {
        case .usage(let lines): lines
        case .away(let text), .failed(let text): ["penstock: \(text)"]
        }
    }

    /// What a room threw, by what its user can do about it.
    init(_ error: any Error) {
        self =
            switch error {
            case let failure as Failure: failure
            case let error as QueueError: Failure(error)
            case let error as PostgresError: Failure(error)
            default: .failed("\(error)")
            }
    }

    init(_ error: QueueError) {
        self =
            switch error {
            case .away: .away("Redis is away: \(error); start it, or name another with --redis-url or REDIS_URL")
            case .invalid: .usage("\(error)")
            case .full, .outOfMemory, .unknown, .refused: .failed("\(error)")
            }
    }

    init(_ error: PostgresError) {
        self =
            switch error {
            case .unreadableURL: .usage("\(error)")
            case .away: .away("\(error)")
            case .refused, .newerSchema, .olderSchema: .failed("\(error)")
            }
    }
}
