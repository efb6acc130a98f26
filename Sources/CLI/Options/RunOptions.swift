import ArgumentParser
import Logging

/// The flags of `run`, which `check` and `dev` share.
struct RunOptions: ParsableArguments {
    @Option(
        help: "What this process does: receiver, worker, scheduler, sink, with commas between, or all (all).",
        transform: { try RoleList($0) })
    var role = RoleList.all

    @Option(help: "The configuration (PENSTOCK_CONFIG); ./penstock.yaml where it exists.")
    var config: String?

    @Option(
        help: "HOST:PORT to serve HTTP on (PENSTOCK_LISTEN); 127.0.0.1:8080 with the receiver role, else nothing.",
        transform: { try ListenAddress($0) })
    var listen: ListenAddress?

    @Option(
        help: "Queues that the worker serves, with commas between; those of the configuration.",
        transform: { text throws(OptionFault) in try Self.queues(text) })
    var queues: [String]?

    @Option(help: "Jobs at a time (10).", transform: { text throws(OptionFault) in try Self.concurrency(text) })
    var concurrency = 10

    @Option(
        help: "How long the process may take to stop (25s).",
        transform: { text throws(OptionFault) in try Self.duration(text, from: .milliseconds(100)) })
    var grace = Duration.seconds(25)

    @OptionGroup var redis: RedisOption
    @OptionGroup var database: DatabaseOption
    @OptionGroup var log: LogOptions
}

/// How much is logged to stderr, and in what form.
struct LogOptions: ParsableArguments {
    @Option(
        help: "trace, debug, info, notice, warning or error (info).",
        transform: { text throws(OptionFault) in try Self.level(text) })
    var logLevel = Logger.Level.info

    @Option(
        help: "plain, for people, or json (plain).", transform: { text throws(OptionFault) in try Self.format(text) })
    var logFormat = StderrLog.Format.plain

    private static func level(_ text: String) throws(OptionFault) -> Logger.Level {
        if let level = Logger.Level(rawValue: text) { return level }
        let known = Logger.Level.allCases.map(\.rawValue)
        throw OptionFault(
            "there is no level \"\(text)\"; \(Suggestion.remedy(for: text, among: known, noun: "levels"))")
    }

    private static func format(_ text: String) throws(OptionFault) -> StderrLog.Format {
        if let format = StderrLog.Format(rawValue: text) { return format }
        throw OptionFault("there is no format \"\(text)\"; write plain or json")
    }
}
