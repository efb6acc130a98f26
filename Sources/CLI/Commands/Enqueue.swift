import ArgumentParser
import Foundation
import NIOCore
import Penstock

/// `penstock enqueue QUEUE TYPE [PAYLOAD]`.
struct Enqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Enqueues one job and prints queued ID, or duplicate or replaced and the first job's id.")

    @Argument(help: "The queue.", transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String

    @Argument(help: "The job type, which selects what runs it.")
    var type: String

    @Argument(help: "The payload, kept byte for byte; - reads it from stdin. (default: null)")
    var payload: String?

    @Option(help: "Unique among live and dead jobs of the queue; a UUIDv7 without it.")
    var id: String?

    @Option(
        help: "critical, high, normal or low.", transform: { text throws(OptionFault) in try Self.priority(text) })
    var priority = Priority.normal

    @Option(help: "Concurrency key.")
    var key: String?

    @Option(
        help: "Earliest start from now, such as 10s.",
        transform: { text throws(OptionFault) in try Self.duration(text) })
    var delay: Duration?

    @Option(
        help: "Earliest start, such as 2030-01-31T12:00:00Z.",
        transform: { text throws(OptionFault) in try Self.date(text) })
    var at: Date?

    @Option(help: "Deduplication key: while it is held, another job with it is a duplicate.")
    var unique: String?

    @Option(
        help: "How long the deduplication key is held at least, such as 1h; a day without it.",
        transform: { text throws(OptionFault) in try Self.duration(text, from: .milliseconds(1)) })
    var ttl: Duration?

    @Option(
        help: "Until when the deduplication key is held: window, until-started or until-finished.",
        transform: { text throws(OptionFault) in try Self.word(text, "scope") })
    var scope: NewJob.Scope?

    @Option(
        help: "What a held key makes of the job: skip, replace the waiting payload, or cancel the first job (skip).",
        transform: { text throws(OptionFault) in try Self.word(text, "conflict") })
    var conflict = NewJob.Conflict.skip

    @Option(
        help: "One job of the key at a time: skip this one, or cancel the first; in place of scope and conflict.",
        transform: { text throws(OptionFault) in try Self.word(text, "answer of a singleton") })
    var singleton: NewJob.Singleton?

    @Option(
        help: "With --conflict replace and --delay: the latest start, from the first enqueue, such as 5m.",
        transform: { text throws(OptionFault) in try Self.duration(text, from: .milliseconds(1)) })
    var maxWait: Duration?

    @Option(
        help: "How late it may start after it is due, such as 10m.",
        transform: { text throws(OptionFault) in try Self.duration(text, from: .milliseconds(1)) })
    var deadline: Duration?

    @Option(
        help: "What becomes of it after the deadline: bury or drop (bury).",
        transform: { text throws(OptionFault) in try Self.word(text, "word for a late job") })
    var late = NewJob.Late.bury

    @Option(
        help: "Attempts before the job is dead.",
        transform: { text throws(OptionFault) in try Self.number(text, 1...1000) })
    var attempts: Int?

    @Option(
        help: "Limit of one run, such as 30s.",
        transform: { text throws(OptionFault) in try Self.duration(text, from: .milliseconds(1)) })
    var timeout: Duration?

    @Option(
        help: "NAME=VALUE, stored with the job; may be repeated.",
        transform: { text throws(OptionFault) in try Self.header(text) })
    var header: [HeaderOption] = []

    @OptionGroup var redis: RedisOption

    func validate() throws {
        if delay != nil, at != nil { throw ValidationError("--delay and --at are both given; keep one") }
        let isOfUnique = ttl != nil || scope != nil || conflict != .skip || singleton != nil || maxWait != nil
        if unique == nil, isOfUnique {
            throw ValidationError(
                "--ttl, --scope, --conflict, --singleton and --max-wait are for jobs with --unique; add it")
        }
        if late != .bury, deadline == nil { throw ValidationError("--late is for jobs with --deadline; add it") }
    }

    func run() async throws {
        let job = try job()
        let store = try await Store.reached(redis.url(Environment.settings))
        let receipt = try await Queue(queue, in: store).enqueue(job)
        // Only now: a refused job makes no queue known. If this fails, the worker that serves the queue does it.
        try? await store.register(queues: [queue])
        await store.shutdown()
        try Terminal.write(["\(receipt.answer.rawValue) \(receipt.id)"])
    }

    private func job() throws(Failure) -> NewJob {
        var job = NewJob(type: type, payload: try bytes())
        job.id = id
        job.priority = priority
        job.key = key
        job.delay = delay
        job.at = at
        job.unique = unique
        job.ttl = ttl
        job.scope = scope
        job.conflict = conflict
        job.singleton = singleton
        job.maxWait = maxWait
        job.deadline = deadline
        job.late = late
        job.attempts = attempts
        job.timeout = timeout
        job.headers = Dictionary(header.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        job.source = "cli"
        return job
    }

    private func bytes() throws(Failure) -> ByteBuffer {
        guard payload == "-" else { return ByteBuffer(string: payload ?? "null") }
        do {
            return ByteBuffer(bytes: try FileHandle.standardInput.readToEnd() ?? Data())
        } catch {
            throw .failed("stdin cannot be read (\(FileReason.text(error))); give the payload as an argument")
        }
    }
}
