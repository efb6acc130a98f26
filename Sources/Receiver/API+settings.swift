import Hummingbird
import JSON
import NIOCore
import Penstock

/// What everyone who serves or feeds a queue obeys, in the names and words of `penstock_configure`.
extension API {
    /// `GET …/settings`: what is in force, and what would be without any setting. Pauses and drains have verbs of their own
    /// and stand in the backlog.
    func settings(of queue: Queue) async throws(Problem) -> Response {
        let settings = try await ask(queue) { queue async throws(QueueError) in try await queue.settings() }
            .filter { !$0.name.hasPrefix("paused") && $0.name != "draining" }
        return .json(
            .ok,
            .object([
                ("queue", .string(queue.name)),
                ("settings", .object(settings.map { ($0.name, .string($0.value)) })),
                ("defaults", .object(settings.map { ($0.name, .string($0.standard)) })),
            ]))
    }

    /// `PATCH …/settings`: those that are named; null goes back to the default. All of them or, if one is wrong, none.
    func configure(_ queue: Queue, _ request: Request, share: Budget.Share) async throws(Problem) -> Response {
        let settings = try Self.settings(in: try await Body.read(request, upTo: Self.maxForm, share: share))
        let changes = try await ask(queue, invalid: .badRequest) { queue async throws(QueueError) in
            try await queue.configure(settings)
        }
        await register(queue)
        let list = changes.map { change in
            JSONText.object([
                ("name", .string(change.name)), ("old", .string(change.old)), ("new", .string(change.new)),
            ])
        }
        return .json(.ok, .object([("queue", .string(queue.name)), ("changes", .array(list))]))
    }

    /// The names are the function library's to judge: there is one for each type and key.
    private static func settings(in body: ByteBuffer) throws(Problem) -> [String: String] {
        let json: RawJSON
        do throws(JSONFault) { json = try RawJSON(body) } catch { throw Problem(.badRequest, error.description) }
        guard json.kind == .object else { throw Form.mistake("the body", "an object of settings") }
        var settings: [String: String] = [:]
        var problem: Problem?
        json.visitMembers { name, value in
            if let text = text(of: value, name) {
                if settings.updateValue(text, forKey: name) != nil {
                    problem = Problem(.badRequest, "the setting \(name.prefix(60)) is given twice; give it once")
                }
            } else {
                problem = Form.mistake(String(name.prefix(60)), "a string, a whole number, true, false or null")
            }
            return problem == nil
        }
        if let problem { throw problem }
        return settings
    }

    private static func text(of value: RawJSON, _ name: String) -> String? {
        switch value.kind {
        case .null: return ""
        case .boolean: return String(buffer: value.bytes) == "true" ? "yes" : "no"
        case .number: return value.integer.map(String.init)
        case .string: return value.string.map { words($0, name) }
        case .object, .array: return nil
        }
    }

    /// Times and the periods of rates may have a unit, as everywhere in the API: `30s`, `100/1m/10`.
    private static func words(_ text: String, _ name: String) -> String {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let at: Int
        switch name.prefix(while: { $0 != ":" }) {
        case "lease", "retention": at = 0
        case "rate", "retries": at = 1
        default: return text
        }
        guard at < parts.count, let milliseconds = TimeText.milliseconds(parts[at]) else { return text }
        parts[at] = String(milliseconds)
        return parts.joined(separator: "/")
    }
}
