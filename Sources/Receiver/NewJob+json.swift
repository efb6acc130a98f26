import Foundation
import Hummingbird
import JSON
import NIOCore
import Penstock

extension NewJob {
    /// A job from one object of a request. Its payload is exactly the bytes that stand there.
    ///
    /// Everything is checked here, also what Redis would refuse, so that a mistake is answered with the field's name and
    /// also while Redis is away. A field that we do not know is a mistake: `prioritiy` must not become a normal job.
    /// - Throws: `Problem` 400; 413 for a payload over `maxPayload`.
    init(_ object: RawJSON, maxPayload: Int) throws(Problem) {
        guard object.kind == .object else { throw Self.mistake("a job", "an object with at least type") }
        let fields = try Self.fields(of: object)
        guard let type = fields["type"] else { throw Self.mistake("type", "given, and a string") }
        let payload = fields["payload"]?.bytes ?? ByteBuffer(string: "null")
        guard payload.readableBytes <= maxPayload else {
            throw Problem(
                .contentTooLarge, "payload has \(payload.readableBytes) bytes; up to \(maxPayload) are taken here")
        }
        self.init(type: try Self.printable(type, "type", limit: 128), payload: payload)
        source = "api"
        for (name, value) in fields { try set(name, value) }
        if delay != nil, at != nil { throw Problem(.badRequest, "delay and at are both given; give one of them") }
    }

    private static let names = [
        "type", "payload", "id", "priority", "key", "delay", "at", "unique", "ttl", "attempts", "timeout", "headers",
    ]

    private static func fields(of object: RawJSON) throws(Problem) -> [String: RawJSON] {
        var fields: [String: RawJSON] = [:]
        var problem: Problem?
        object.visitMembers { name, value in
            if !names.contains(name) {
                problem = Problem(
                    .badRequest, "the field \(name.prefix(40)) is unknown; known are \(names.joined(separator: ", "))")
            } else if fields.updateValue(value, forKey: name) != nil {
                problem = Problem(.badRequest, "the field \(name) is given twice; give it once")
            }
            return problem == nil
        }
        if let problem { throw problem }
        return fields
    }

    private mutating func set(_ name: String, _ value: RawJSON) throws(Problem) {
        // Null is what many encoders write for a value that is not there; only a payload can be null.
        guard value.kind != .null else { return }
        switch name {
        case "id": id = try Self.printable(value, name, limit: 128)
        case "key": key = try Self.printable(value, name, limit: 256)
        case "unique":
            guard let text = value.string, (1...512).contains(text.utf8.count) else {
                throw Self.mistake(name, "a string of 1 to 512 bytes")
            }
            unique = text
        case "priority":
            guard let priority = Priority(name: value.string ?? value.number ?? "") else {
                throw Self.mistake(name, "critical, high, normal or low (0 to 3)")
            }
            self.priority = priority
        case "delay": delay = try Self.duration(value, name, from: 0)
        case "ttl": ttl = try Self.duration(value, name, from: 1)
        case "timeout": timeout = try Self.duration(value, name, from: 1)
        case "at":
            let milliseconds =
                value.integer
                ?? value.string.flatMap(TimeText.date).map { Int(($0.timeIntervalSince1970 * 1000).rounded()) }
            guard let milliseconds, (0...TimeText.latest).contains(milliseconds) else {
                throw Self.mistake(name, "a time such as 2030-01-31T12:00:00Z, or milliseconds since 1970")
            }
            at = Date(milliseconds: milliseconds)
        case "attempts":
            guard let count = value.integer, (1...1000).contains(count) else {
                throw Self.mistake(name, "a number from 1 to 1000")
            }
            attempts = count
        case "headers": headers = try Self.headers(value)
        default: break
        }
    }

    private static func mistake(_ name: String, _ wanted: String) -> Problem {
        Problem(.badRequest, "\(name) is wrong; it has to be \(wanted)")
    }

    private static func printable(_ value: RawJSON, _ name: String, limit: Int) throws(Problem) -> String {
        guard let text = value.string, (1...limit).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw mistake(name, "a string of 1 to \(limit) bytes without control characters")
        }
        return text
    }

    private static func duration(_ value: RawJSON, _ name: String, from least: Int) throws(Problem) -> Duration {
        guard let milliseconds = value.integer ?? value.string.flatMap(TimeText.milliseconds),
            (least...TimeText.longest).contains(milliseconds)
        else {
            throw mistake(
                name,
                "a duration such as 500ms, 10s, 5m, 2h or 1d, or milliseconds from \(least) to \(TimeText.longest)")
        }
        return .milliseconds(milliseconds)
    }

    private static func headers(_ value: RawJSON) throws(Problem) -> [String: String] {
        let wanted = "an object whose values are strings, up to 64 KiB"
        guard value.kind == .object, value.bytes.readableBytes <= 64 << 10 else { throw mistake("headers", wanted) }
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
        guard isRight else { throw mistake("headers", wanted) }
        return headers
    }
}
