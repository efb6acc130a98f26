import Foundation

/// Which file is read, and how it is named in messages.
struct ConfigurationFile: Sendable, Equatable {
    static let standard = "penstock.yaml"

    let path: String

    /// The file that flags or environment name, or `./penstock.yaml` where it exists; nil when there is none.
    static func chosen(_ flag: String?, environment: [String: String]) -> ConfigurationFile? {
        if let path = flag ?? environment["PENSTOCK_CONFIG"] { return ConfigurationFile(path: path) }
        return FileManager.default.fileExists(atPath: standard) ? ConfigurationFile(path: standard) : nil
    }

    /// - Throws: `Failure.usage` with a line for every mistake.
    func read(environment: [String: String], readsSecrets: Bool) throws(Failure) -> (Configuration, warnings: [String])
    {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .usage(
                "the configuration \(path) cannot be read (\(FileReason.text(error))); name a file with --config")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .usage("the configuration \(path) is no text in UTF-8; save it as UTF-8")
        }
        let reader = ConfigurationReader(
            handlers: Handlers.names, environment: environment,
            folder: URL(fileURLWithPath: path).deletingLastPathComponent().path, readsSecrets: readsSecrets)
        let result = reader.read(text)
        guard result.mistakes.isEmpty else { throw .usage(result.mistakes.lines(in: path)) }
        return (result.configuration, result.warnings.lines(in: path))
    }
}
