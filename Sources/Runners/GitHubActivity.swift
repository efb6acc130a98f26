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
        guard let payload = JSONParser.value(of: job.payload)?.object else {
            throw Bury("the payload is no JSON object; github.activity takes the body of a GitHub webhook")
        }
        return .json(bytes: record(of: payload, event: job.headers["x-github-event"]))
    }

    static func record(of payload: JSON, event: String?) -> ByteBuffer {
        let subject = GitHubSubject(of: payload, event: event ?? "")
        var writer = JSONWriter()
        writer.write(raw: #"{"event":"#)
        writer.write(event.map(JSON.string))
        writer.write(raw: #","action":"#)
        writer.write(payload["action"])
        writer.write(raw: #","repository":"#)
        writer.write(payload["repository"]?["full_name"])
        writer.write(raw: #","actor":"#)
        writer.write(payload["sender"]?["login"])
        writer.write(raw: #","subject":"#)
        if let subject {
            writer.write(raw: #"{"kind":"#)
            writer.write(subject.kind)
            writer.write(raw: #","number":"#)
            writer.write(subject.number)
            writer.write(raw: #","title":"#)
            writer.write(subject.title.map(JSON.string))
            writer.write(raw: #","url":"#)
            writer.write(subject.url.map(JSON.string))
            writer.write(raw: "}")
        } else {
            writer.write(raw: "null")
        }
        writer.write(raw: #","time":"#)
        writer.write(GitHubTime.text(of: payload, subject: subject?.object).map(JSON.string))
        writer.write(raw: #","installation":"#)
        writer.write(payload["installation"]?["id"])
        writer.write(raw: "}")
        return writer.text
    }
}
