import Foundation
import Penstock
import Receiver

/// Reads `penstock.yaml`, all of it, whatever it finds: one reading tells every mistake.
struct ConfigurationReader {
    /// The names of this program's own handlers.
    var handlers: [String] = []
    var environment: [String: String] = [:]
    /// Where `file:` paths begin: the folder of the configuration file.
    var folder = "."
    /// Whether secrets are needed: only a receiver reads them, and a worker need not have them.
    var readsSecrets = true

    struct Result {
        var configuration = Configuration()
        var mistakes: [Finding] = []
        var warnings: [Finding] = []
    }

    func read(_ text: String) -> Result {
        let findings = Findings()
        var result = Result()
        if let root = YAMLText.node(text, findings) {
            result.configuration = configuration(Field(root, path: "", findings))
        }
        result.mistakes = findings.mistakes
        result.warnings = findings.warnings
        return result
    }

    private func configuration(_ root: Field) -> Configuration {
        var configuration = Configuration()
        guard let members = root.members(["sources", "routes", "jobs", "queues", "api"]) else { return configuration }
        let sources = members["sources"].map(sources)
        let jobs = members["jobs"].map(jobs)
        configuration.sources = sources?.read ?? []
        configuration.jobs = jobs?.read ?? [:]
        if let field = members["queues"] { configuration.queues = queues(field, jobs: jobs?.names ?? []) }
        if let field = members["api"] { api(field, into: &configuration) }
        let reader = RouteReader(sources: sources?.names ?? [], jobs: jobs?.names ?? [])
        if let field = members["routes"] { configuration.routes = reader.routes(field) }
        configuration.secretVariables = root.findings.secretVariables
        warn(members, jobs: jobs?.fields ?? [], sources: sources?.fields ?? [], named: reader.named)
        return configuration
    }

    /// What is right, and yet probably not meant.
    private func warn(
        _ members: Field.Members, jobs: [(name: String, field: Field)], sources: [(name: String, field: Field)],
        named: RouteReader.Named
    ) {
        for (name, field) in jobs where !named.jobs.contains(name) {
            field.warn("no route names this job type; only the API, the CLI and redis-cli can enqueue it")
        }
        for (name, field) in sources where !named.sources.contains(name) {
            field.warn("no route takes from this source; all its deliveries are ignored")
        }
    }

    /// A list of secrets, of which there has to be one.
    func secrets(_ field: Field, _ wanted: String) -> [[UInt8]] {
        guard let fields = field.list(wanted) else { return [] }
        if fields.isEmpty { field.mistake("the list is empty; it has to be \(wanted)") }
        return fields.compactMap { field in
            guard let reference = field.text("env:NAME or file:PATH") else { return nil }
            if reference.hasPrefix("env:") { field.findings.secretVariables.insert(String(reference.dropFirst(4))) }
            do throws(Secret.Fault) {
                return Array(try Secret.read(reference, environment: environment, folder: folder).utf8)
            } catch {
                // How it is written is checked for every role; whether it can be had, only for those that need it.
                if readsSecrets || !error.isAbsence { field.mistake(error.description) }
                return nil
            }
        }
    }
}

extension Field {
    func warn(_ text: String) { findings.warning(line, path, text) }

    /// Whether a name of the user's choice may stand in URLs, keys and logs.
    func checkName(_ name: String, limit: Int = 64) -> Bool {
        let isRight =
            (1...limit).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
            }
        if !isRight { mistake("the name is not allowed; use 1 to \(limit) of A-Z a-z 0-9 . _ -") }
        return isRight
    }
}
