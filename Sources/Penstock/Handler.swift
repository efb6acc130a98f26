import Foundation
import NIOCore
import NIOFoundationCompat

/// Runs one job. Returning completes it; throwing `Skip`, `Snooze`, `Retry` or `Bury` decides its future, any other error
/// retries it as the type's `RetryPolicy` says while attempts last. The task is cancelled at the job's timeout, when the job is cancelled, when its
/// lease is lost, and at the end of the worker's grace period.
///
/// Handlers run on threads of their own, so that one that blocks or computes does not hold up the engine.
/// A job may run twice after a crash: make the effect of a handler idempotent.
public typealias Handler = @Sendable (Job) async throws -> Output

/// What a completed job leaves behind; stored in `penstock.jobs.result`.
public struct Output: Sendable, Equatable {
    /// JSON text, or nil for no result.
    package let json: ByteBuffer?

    package init(json: ByteBuffer?) { self.json = json }

    /// No result.
    public static let none = Output(json: nil)

    /// A result encoded as JSON.
    public static func json(_ value: some Encodable) throws -> Output {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return Output(json: ByteBuffer(data: try encoder.encode(value)))
    }

    /// Text that already is JSON. It is stored as it stands; what is no JSON is refused by the sink's column and kept as a string.
    public static func json(bytes: ByteBuffer) -> Output { Output(json: bytes) }
}

/// Throw this to run the job again after a chosen time (a `Retry-After`, a rate limit that resets). It charges an attempt.
public struct Retry: Error, CustomStringConvertible {
    public let after: Duration
    public let reason: String

    public init(after: Duration, reason: String = "the handler asked for a retry") {
        self.after = after
        self.reason = reason
    }

    public var description: String { reason }
}

/// Throw this when another attempt cannot help: the job becomes a dead letter at once.
public struct Bury: Error, CustomStringConvertible {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }

    public var description: String { reason }
}

/// Throw this when there is nothing to do: the job is completed, and neither a failure nor a retry is counted.
public struct Skip: Error, CustomStringConvertible {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }

    public var description: String { reason }
}

/// Throw this to run the job again after a chosen time because it is too early. It charges no attempt.
public struct Snooze: Error, CustomStringConvertible {
    public let after: Duration

    public init(after: Duration) { self.after = after }

    public var description: String { "snoozed for \(after)" }
}
