import Foundation
import JSON
import Logging

/// Writes each event as one line to stderr, for people or for machines.
struct StderrLog: LogHandler {
    enum Format: String, Sendable {
        case plain
        case json
    }

    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level
    private let label: String
    private let format: Format

    init(label: String, level: Logger.Level, format: Format) {
        self.label = label
        self.logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var facts = metadata
        facts.merge(metadataProvider?.get() ?? [:]) { $1 }
        facts.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { facts["error"] = "\(error)" }
        let pairs = facts.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        Terminal.tell(line(event.level, "\(event.message)", pairs, at: Date()))
    }

    func line(_ level: Logger.Level, _ message: String, _ facts: [(String, String)], at date: Date) -> String {
        let time = TimeText.text(date)
        switch format {
        case .plain:
            let words = facts.map { "\($0)=\(Self.word($1))" }
            let head = "\(time) \(level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)) \(message)"
            return ([head.oneLine] + words).joined(separator: " ")
        case .json:
            let head: [(String, JSONText)] = [
                ("time", .string(time)), ("level", .string(level.rawValue)), ("logger", .string(label)),
                ("message", .string(message)),
            ]
            return JSONText.object(head + facts.map { ($0, .string($1)) }).text
        }
    }

    /// A value that a person can tell from the next one.
    private static func word(_ value: String) -> String {
        let needsQuotes = value.isEmpty || value.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0.isNewline }
        guard needsQuotes else { return value }
        return JSONText.string(value).text
    }
}
