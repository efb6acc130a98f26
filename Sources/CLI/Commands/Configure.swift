import ArgumentParser
import JSON
import Penstock

/// `penstock configure QUEUE [NAME=VALUE…]`.
struct Configure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what all processes obey in a queue, or changes it.",
        discussion: """
            Names are lease, weights, policy, fair, maxLength, maxBytes, refuse, maxEvents, retention, record; concurrency, \
            rate and retries, also with :type:TYPE; concurrency and rate with :key (of each key) or :key:KEY. Values are \
            written as in penstock.yaml; NAME= goes back to the default. A penstock.yaml that has an entry for the queue \
            overrides all of it when a process starts with it.
            """)

    @Argument(help: "The queue.", transform: { text throws(OptionFault) in try Self.queue(text) })
    var queue: String

    @Argument(
        help: "NAME=VALUE, such as concurrency=10, rate:type:push=100/1s, concurrency:key=1 or lease=.",
        transform: { text throws(OptionFault) in try Assignment(text) })
    var settings: [Assignment] = []

    @Flag(help: "Print one line of JSON, in the words of penstock_configure.")
    var json = false

    @OptionGroup var redis: RedisOption

    func run() async throws {
        let store = try await Store.reached(redis.url(Environment.settings))
        if settings.isEmpty {
            let settings = try await store.existing(queue).settings()
            await store.shutdown()
            return try Terminal.write(json ? [Self.json(settings).text] : Self.lines(settings))
        }
        let words = Dictionary(settings.map { ($0.name, $0.word) }, uniquingKeysWith: { $1 })
        let changes = try await Queue(queue, in: store).configure(words)
        try? await store.register(queues: [queue])
        await store.shutdown()
        if json { return try Terminal.write([Self.json(changes).text]) }
        let lines = changes.map { change in
            "\(change.name): \(Self.text(change.old, change.name)) is now \(Self.text(change.new, change.name))"
        }
        try Terminal.write(lines.isEmpty ? ["nothing changed"] : lines)
    }

    private static func lines(_ settings: [Queue.Setting]) -> [String] {
        var table = Table([("SETTING", .left), ("VALUE", .left), ("DEFAULT", .left)])
        for setting in settings {
            table.add([setting.name, text(setting.value, setting.name), text(setting.standard, setting.name)])
        }
        return table.lines
    }

    /// As people write it; what is no limit, or for ever, in words.
    private static func text(_ word: String, _ name: String) -> String {
        guard let kind = SettingKind(named: name) else { return word }
        if word == "0" {
            switch kind {
            case .duration: return "for ever"
            case .concurrency, .rate, .bytes, .number: return "no limit"
            default: break
            }
        }
        return kind.text(word)
    }

    private static func json(_ settings: [Queue.Setting]) -> JSONText {
        .object(settings.map { ($0.name, .string($0.value)) })
    }

    private static func json(_ changes: [Queue.Change]) -> JSONText {
        .array(
            changes.map {
                .object([("name", .string($0.name)), ("old", .string($0.old)), ("new", .string($0.new))])
            })
    }
}

/// NAME=VALUE of a setting, in the words of `penstock_configure`.
struct Assignment: Sendable, Equatable {
    let name: String
    /// Empty goes back to the default.
    let word: String

    init(_ text: String) throws(OptionFault) {
        // The last one: a key or a type may have the sign in it, a value never.
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
            throw OptionFault("\(text.quoted) sets nothing; write NAME=VALUE, or NAME= for the default")
        }
        name = String(text[..<equals])
        guard let kind = SettingKind(named: name) else {
            let known = (SettingKind.plain + SettingKind.limits).map(\.name)
            throw OptionFault(
                "there is no setting \(name.quoted); \(Suggestion.remedy(for: name, among: known, noun: "settings"))")
        }
        let value = String(text[text.index(after: equals)...])
        guard !value.isEmpty else {
            word = ""
            return
        }
        do throws(OptionFault) {
            word = try kind.word(value)
        } catch {
            throw OptionFault("\(name): \(error)")
        }
    }
}
