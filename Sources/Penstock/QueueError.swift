/// What can go wrong between a program and its queues. Descriptions name the fact, the value and the remedy,
/// and never contain a payload or a credential.
public enum QueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Redis cannot be reached or cannot serve now; trying again later helps. `maybeExecuted` says that the command
    /// was sent and its answer lost.
    case away(String, maybeExecuted: Bool)
    /// The queue is at its `maxLength` or `maxBytes`, or drains.
    case full(String)
    /// Redis is at its `maxmemory`; it still takes what frees memory.
    case outOfMemory(String)
    /// The request itself is wrong; trying again does not help.
    case invalid(String)
    /// No live or dead job has this id.
    case unknown(String)
    /// Any other refusal of the server; the first word is its code.
    case refused(String)

    public var description: String {
        switch self {
        case .away(let text, let maybeExecuted):
            maybeExecuted ? "\(text); the command may have been executed" : text
        case .full(let text), .outOfMemory(let text), .invalid(let text), .unknown(let text), .refused(let text): text
        }
    }
}
