import JSON
import NIOCore
import Penstock

/// The stock handler `github.activity`: turns any GitHub webhook into one activity record,
///
///     {"event","action","repository","actor","subject":{"kind","number","title","url"},"time","installation"}
///
/// Every key is there; what a payload lacks is null, and so is `subject` when the event is about nothing that has a name.
/// Events that GitHub invents later are recorded too.
public enum GitHubActivity {
    /// The name in the configuration.
    public static let name = "github.activity"

    /// Buries a payload that is no JSON object: another attempt would find the same bytes.
    public static let handler: Handler = { job in
        guard let payload = try? RawJSON(job.payload).members else {
            throw Bury("the payload is no JSON object; github.activity takes the body of a GitHub webhook")
        }
        return .json(bytes: record(of: payload, event: job.headers["x-github-event"]))
    }

    static func record(of payload: [String: RawJSON], event: String?) -> ByteBuffer {
        let subject = GitHubSubject(of: payload, event: event ?? "")
        return JSONText.object([
            ("event", JSONText(event?.storable)), ("action", payload["action"]?.scalar ?? .null),
            ("repository", payload["repository"]?["full_name"]?.scalar ?? .null),
            ("actor", payload["sender"]?["login"]?.scalar ?? .null), ("subject", subject?.json ?? .null),
            ("time", JSONText(GitHubTime.text(of: payload, subject: subject?.object)?.storable)),
            ("installation", payload["installation"]?["id"]?.scalar ?? .null),
        ]).buffer
    }
}

extension GitHubSubject {
    fileprivate var json: JSONText {
        .object([
            ("kind", .string(kind.storable)), ("number", number?.scalar ?? .null),
            ("title", JSONText(title?.storable)), ("url", JSONText(url?.storable)),
        ])
    }
}
