import ArgumentParser
import Penstock

/// `penstock cancel ID`.
struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a job and prints cancelled ID, or cancelling while its worker is told.")

    @OptionGroup var job: JobOptions

    func run() async throws {
        try await job.perform { queue, id, _ in "\(try await queue.cancel(id).rawValue) \(id)" }
    }
}
