import Logging
import Synchronization

/// Keeps the messages that are logged.
struct Lines: LogHandler {
    private final class Messages: Sendable {
        let all = Mutex<[String]>([])
    }

    private let messages = Messages()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { messages.all.withLock { $0.append("\(event.message)") } }

    func contains(_ message: String) -> Bool { messages.all.withLock { $0.contains(message) } }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
