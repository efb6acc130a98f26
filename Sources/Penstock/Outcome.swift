import NIOCore
import Redis

/// How a run ended, as it is told to Redis.
struct Outcome: Sendable {
    enum Verdict: Sendable {
        case completed(ByteBuffer?)
        case skipped(String)
        case retry(Duration, String)
        case snooze(Duration)
        case dead(String)
        case release
        case unhandled
        case cancelled
        /// Nothing to tell: the lease is lost.
        case none
    }

    let run: Run
    let verdict: Verdict
    /// Milliseconds by the clock of Redis.
    let startedAt: Int64
    let ran: Duration
    let waited: Duration

    /// Bytes that it adds to a call, about.
    var size: Int {
        switch verdict {
        case .completed(let result): 128 + (result?.readableBytes ?? 0)
        default: 256
        }
    }

    /// Appends the words of `penstock_turn` for this outcome.
    func append(to command: inout Command) {
        let name = run.name
        command.append(name.level)
        command.append(name.entry)
        command.append(name.id)
        command.append(name.n)
        command.append(Int(startedAt))
        command.append(Int(ran.milliseconds))
        switch verdict {
        case .completed(let result):
            command.append("completed")
            command.append(result ?? ByteBuffer())
        case .skipped(let reason):
            command.append("skipped")
            command.append(Self.clipped(reason))
        case .retry(let pause, let text):
            command.append("retry")
            command.append(Self.milliseconds(pause))
            command.append(Self.clipped(text))
        case .snooze(let pause):
            command.append("snooze")
            command.append(Self.milliseconds(pause))
        case .dead(let text):
            command.append("dead")
            command.append(Self.clipped(text))
        case .release: command.append("release")
        case .unhandled: command.append("unhandled")
        case .cancelled, .none: command.append("cancelled")
        }
    }

    private static func milliseconds(_ pause: Duration) -> Int { Int(min(max(0, pause.milliseconds), 99_999_999_999)) }

    /// The function library keeps 4 KiB of an error.
    private static func clipped(_ text: String) -> String { String(text.prefix(4096)) }
}
