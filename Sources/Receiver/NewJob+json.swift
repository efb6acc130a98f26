import Foundation
import Hummingbird
import JSON
import NIOCore
import Penstock

extension NewJob {
    /// The names of a job's fields; all but `payload` are the options of `penstock_enqueue`.
    static let fields = [
        "type", "payload", "id", "priority", "key", "delay", "at", "unique", "ttl", "scope", "conflict", "maxWait",
        "singleton", "deadline", "late", "attempts", "timeout", "headers",
    ]

    /// A job from one object of a request. Its payload is exactly the bytes that stand there.
    ///
    /// Everything is checked here, also what Redis would refuse, so that a mistake is answered with the field's name and
    /// also while Redis is away.
    /// - Throws: `Problem` 400; 413 for a payload over `maxPayload`.
    init(_ object: RawJSON, maxPayload: Int) throws(Problem) {
        guard object.kind == .object else { throw Form.mistake("a job", "an object with at least type") }
        let form = try Form(object, known: Self.fields)
        guard let type = try form.printable("type", limit: 128) else {
            throw Form.mistake("type", "given, and a string")
        }
        let payload = form.raw("payload")?.bytes ?? ByteBuffer(string: "null")
        guard payload.readableBytes <= maxPayload else {
            throw Problem(
                .contentTooLarge, "payload has \(payload.readableBytes) bytes; up to \(maxPayload) are taken here")
        }
        self.init(type: type, payload: payload)
        source = "api"
        id = try form.printable("id", limit: 128)
        key = try form.printable("key", limit: 256)
        priority = try form.priority("priority") ?? .normal
        delay = try form.duration("delay", from: 0)
        at = try form.time("at")
        attempts = try form.integer("attempts", in: 1...1000)
        timeout = try form.duration("timeout", from: 1)
        headers = try form.raw("headers").map(Self.headers) ?? [:]
        deadline = try form.duration("deadline", from: 1)
        late = try form.word("late", Late.self) ?? .bury
        if delay != nil, at != nil { throw Problem(.badRequest, "delay and at are both given; give one of them") }
        if form.has("late"), deadline == nil {
            throw Problem(.badRequest, "late is given without deadline; give both, or leave it out")
        }
        try takeUniqueness(form)
    }

    /// `unique`, and what goes only with it.
    private mutating func takeUniqueness(_ form: Form) throws(Problem) {
        unique = try form.text("unique", limit: 512)
        ttl = try form.duration("ttl", from: 1)
        maxWait = try form.duration("maxWait", from: 1)
        singleton = try form.word("singleton", Singleton.self)
        scope = try form.word("scope", Scope.self)
        conflict = try form.word("conflict", Conflict.self) ?? .skip
        if unique == nil {
            for name in ["ttl", "scope", "conflict", "singleton", "maxWait"] where form.has(name) {
                throw Problem(.badRequest, "\(name) is given without unique; give both, or leave it out")
            }
        }
        if singleton != nil {
            for name in ["scope", "conflict"] where form.has(name) {
                throw Problem(
                    .badRequest, "singleton and \(name) are both given; a singleton has its own \(name), leave it out")
            }
        }
        if maxWait != nil, conflict != .replace {
            throw Problem(.badRequest, "maxWait is given without conflict replace; give both, or leave it out")
        }
        let isWindow = scope.map { $0 == .window } ?? (singleton == nil && conflict != .replace)
        if ttl != nil, !isWindow {
            throw Problem(.badRequest, "ttl is given, and the scope is not window; leave one of them out")
        }
    }

    private static func headers(_ value: RawJSON) throws(Problem) -> [String: String] {
        if value.kind == .null { return [:] }
        let wanted = "an object whose values are strings, up to 64 KiB"
        guard value.kind == .object, value.bytes.readableBytes <= 64 << 10 else {
            throw Form.mistake("headers", wanted)
        }
        var headers: [String: String] = [:]
        var isRight = true
        value.visitMembers { name, member in
            guard let text = member.string else {
                isRight = false
                return false
            }
            headers[name.lowercased()] = text
            return true
        }
        guard isRight else { throw Form.mistake("headers", wanted) }
        return headers
    }
}
