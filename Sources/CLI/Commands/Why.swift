import ArgumentParser
import Foundation
import Penstock

/// `penstock why ID`.
struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says in one sentence where a job is and what it waits for.")

    @OptionGroup var job: JobOptions

    func run() async throws {
        try await job.perform { queue, id, _ in
            "\(Self.readable(try await queue.why(id))) (queue \(queue.name))"
        }
    }

    /// Redis has no calendar: the first time in the sentence, in milliseconds, becomes a date.
    static func readable(_ sentence: String) -> String {
        guard let match = sentence.firstMatch(of: /\(at (\d{12,14})\)/), let milliseconds = Int(match.1) else {
            return sentence
        }
        return sentence.replacingCharacters(
            in: match.range, with: "(at \(TimeText.text(Date(milliseconds: milliseconds))))")
    }
}
