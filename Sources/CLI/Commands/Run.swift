import ArgumentParser

/// `penstock run`: the roles of a process, until SIGTERM or Ctrl-C.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays the roles: receiver, worker, scheduler, sink. The default subcommand.")

    @OptionGroup var options: RunOptions

    func run() async throws {
        let settings = try Settings(options, environment: Environment.current)
        let logger = options.log.start()
        let assembly = try Assembly(settings, logger: logger)
        try await assembly.run()
    }
}
