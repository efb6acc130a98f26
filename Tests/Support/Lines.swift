import Logging
import Synchronization

/// Keeps the messages that are logged.
package struct Lines: LogHandler {
    private final class Messages: Sendable {
        let all = Mutex<[String]>([])
    }

    private let messages = Messages()
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.info

    package init() {}

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) { messages.all.withLock { $0.append("\(event.message)") } }

    package func count(_ message: String) -> Int {
        messages.all.withLock { all in all.count { $0 == message } }
    }

    package func contains(_ message: String) -> Bool { count(message) > 0 }
}

extension Logger {
    package static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
