import Logging
import Penstock
import Sink

extension Store {
    /// How long a command waits for a server.
    static let patience = Duration.seconds(5)

    /// A store that answers, for a command: quiet, because the command's own error says what happened.
    static func reached(_ url: String) async throws(Failure) -> Store {
        let logger = Logger(label: "penstock") { StderrLog(label: $0, level: .error, format: .plain) }
        do throws(QueueError) {
            let store = try Store(url: url, logger: logger)
            try await store.connect(within: patience)
            return store
        } catch {
            throw Failure(error)
        }
    }
}
