import Penstock
import Receiver

/// Reads the routes, and remembers what they name.
final class RouteReader {
    struct Named {
        var sources: Set<String> = []
        var jobs: Set<String> = []
    }

    private let sources: [String]
    private let jobs: [String]
    private(set) var named = Named()
    /// By source, the line of the route that takes everything.
    private var catchAlls: [String: Int] = [:]

    /// The names that routes may use.
    init(sources: [String], jobs: [String]) {
        self.sources = sources
        self.jobs = jobs
    }

    func routes(_ field: Field) -> [Route] {
        if field.isNull { return [] }
        return (field.list("a list of routes") ?? []).compactMap(route)
    }

    private func route(_ field: Field) -> Route? {
        let known = ["source", "event", "action", "job", "queue", "priority", "key"]
        guard let members = field.members(known) else { return nil }
        let source = members.required("source", "name one of sources").flatMap { name($0, among: sources, "source") }
        let job = members.required("job", "name one of jobs").flatMap { name($0, among: jobs, "job type") }
        let queue = members.required("queue", "name a queue, such as github").flatMap { field in
            field.text("a queue's name").flatMap { field.checkQueue($0) ? $0 : nil }
        }
        let events = members["event"].flatMap { $0.texts() }
        let actions = members["action"].flatMap { $0.texts() }
        let priority = members["priority"].map(priority) ?? .normal
        let key = members["key"].map(key)
        if let source { named.sources.insert(source) }
        if let job { named.jobs.insert(job) }
        if let source {
            if let line = catchAlls[source] {
                field.warn("this route is never reached; the one in line \(line) takes all that \(source) sends")
            } else if members["event"] == nil, members["action"] == nil {
                catchAlls[source] = field.line
            }
        }
        guard let source, let job, let queue, let priority else { return nil }
        return Route(
            source: source, events: events, actions: actions, type: job, queue: queue, priority: priority,
            key: key ?? nil)
    }

    private func name(_ field: Field, among known: [String], _ noun: String) -> String? {
        guard let name = field.text("the name of a \(noun)") else { return nil }
        guard known.contains(name) else {
            let remedy = Suggestion.remedy(for: name, among: known, noun: "known \(noun)s")
            field.mistake("no \(noun) \(field.shown(name)) is defined; \(remedy)")
            return nil
        }
        return name
    }

    private func priority(_ field: Field) -> Priority? {
        guard let text = field.text("critical, high, normal or low") else { return nil }
        guard let priority = Priority(name: text) else {
            let names = Priority.allCases.map(\.name)
            let remedy = Suggestion.remedy(for: text, among: names, noun: "priorities")
            field.mistake("there is no priority \(field.shown(text)); \(remedy)")
            return nil
        }
        return priority
    }

    private func key(_ field: Field) -> KeyTemplate? {
        guard let text = field.text("a template such as \"{repository.full_name}\"") else { return nil }
        do throws(ReceiverError) {
            return try KeyTemplate(text)
        } catch {
            field.mistake(error.description)
            return nil
        }
    }
}
