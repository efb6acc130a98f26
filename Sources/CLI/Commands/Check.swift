import ArgumentParser
import Foundation

/// `penstock check`: what `run` would say of options and configuration, without starting.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads the configuration as run does and tells every mistake, without starting.")

    @OptionGroup var options: RunOptions

    func run() async throws {
        let environment = Environment.current
        guard let file = ConfigurationFile.chosen(options.config, environment: Environment.settings) else {
            throw Failure.usage(
                "there is no ./\(ConfigurationFile.standard) and so nothing to check; name a file with --config")
        }
        let settings = try Settings(options, environment: environment)
        for warning in settings.warnings { Terminal.tell(warning) }
        let configuration = settings.configuration
        try Terminal.write([
            "\(file.path): ok (\(configuration.sources.count) sources, \(configuration.routes.count) routes, "
                + "\(configuration.jobs.count) job types, \(configuration.queueNames.count) queues)"
        ])
    }
}
