import Foundation
import JSON

/// When what a webhook tells happened, as far as the payload says.
enum GitHubTime {
    /// Last events first: an object that has ended is told about because it has ended.
    private static let names = [
        "updated_at", "completed_at", "submitted_at", "published_at", "timestamp", "effective_date", "started_at",
        "created_at",
    ]

    /// In the spelling of the payload where it is text; ISO 8601 in UTC where it is a number of seconds since 1970.
    static func text(of payload: [String: RawJSON], subject: [String: RawJSON]?) -> String? {
        if let time = payload["starred_at"]?.text { return time }
        // A comment is younger than its issue. What stands at the top of a payload is about the event itself.
        let objects = [
            payload["comment"]?.members, payload["review"]?.members, payload["deployment_status"]?.members,
            payload["answer"]?.members, payload, subject,
        ]
        return objects.lazy.compactMap { $0.flatMap { text(of: $0, names) } }.first
            ?? payload["repository"]?.members.flatMap { text(of: $0, ["pushed_at", "updated_at"]) }
    }

    private static func text(of object: [String: RawJSON], _ names: [String]) -> String? {
        names.lazy.compactMap { object[$0].flatMap(text) }.first
    }

    private static func text(_ time: RawJSON) -> String? {
        guard let number = time.number else { return time.text }
        // Up to the year 9999; beyond it is no number of seconds.
        guard let seconds = TimeInterval(number), (0..<253_402_300_800).contains(seconds) else { return nil }
        return Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle())
    }
}
