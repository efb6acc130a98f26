import ArgumentParser
import Foundation

/// The `penstock` program.
@main
struct PenstockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "penstock",
        abstract: "Receives webhooks, queues them in Redis, runs them as jobs and records them in Postgres.",
        discussion: "Without a subcommand it runs: penstock --role worker is penstock run --role worker.",
        version: "penstock 0.1.0",
        subcommands: [Run.self, Dev.self, Check.self, Migrate.self, Bench.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Job",
                subcommands: [
                    Enqueue.self, ShowJob.self, Why.self, Cancel.self, Move.self, Requeue.self, Resolve.self,
                ]),
            CommandGroup(
                name: "Queue",
                subcommands: [
                    ShowBacklog.self, Dead.self, ShowWorkers.self, Pause.self, Resume.self, Drain.self, Purge.self,
                    Configure.self, Keys.self, Fsck.self,
                ]),
        ],
        defaultSubcommand: Run.self)

    /// Runs the command that the arguments name and exits, whatever threads are still busy.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch {
            end(error)
        }
    }

    private static func end(_ error: any Error) -> Never {
        // Help and versions are answers, not errors; they go to stdout.
        let code = exitCode(for: error)
        if code.isSuccess { exit(withError: error) }
        let failure: Failure
        if code == .validationFailure {
            failure = .usage("\(message(for: error).oneLine); see penstock --help")
        } else {
            failure = Failure(error)
        }
        for line in failure.lines { Terminal.tell(line) }
        Foundation.exit(failure.code)
    }
}
