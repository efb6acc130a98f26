import ArgumentParser
import Penstock

/// `penstock pause QUEUE`.
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stops claims of a queue, or of one type in it; what runs goes on, and new jobs are taken.")

    @OptionGroup var queue: QueueOptions
    @OptionGroup var part: TypeOption

    func run() async throws {
        try await queue.perform { queue in
            try await queue.pause(type: part.type)
            return "paused \(part.words(queue))"
        }
    }
}

/// `penstock resume QUEUE`.
struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a pause of a queue, or of one type in it; without a type also a drain.")

    @OptionGroup var queue: QueueOptions
    @OptionGroup var part: TypeOption

    func run() async throws {
        try await queue.perform { queue in
            try await queue.resume(type: part.type)
            return "resumed \(part.words(queue))"
        }
    }
}
