import HTTPTypes
import NIOCore
import Testing

@testable import Receiver

@Suite struct RouteTests {
    @Test(
        "A route takes the events and actions that it names, and all where it names none",
        arguments: [
            (nil, nil, "push", nil, true), (nil, nil, "push", "opened", true), (["push"], nil, "push", nil, true),
            (["push"], nil, "pull", nil, false), (["a", "push"], nil, "push", "x", true),
            (nil, ["opened"], "issues", "opened", true),
            (nil, ["opened"], "issues", "closed", false), (nil, ["opened"], "push", nil, false),
            (["issues"], ["opened"], "pull_request", "opened", false), ([], nil, "push", nil, false),
        ] as [([String]?, [String]?, String, String?, Bool)])
    func matching(events: [String]?, actions: [String]?, event: String, action: String?, isMatch: Bool) {
        let route = Route(source: "github", events: events, actions: actions, type: "t", queue: "q")
        #expect(route.matches(event: event, action: action) == isMatch)
    }

    static let payload =
        #"{"repository":{"full_name":"o/r","id":7,"private":false,"owner":null,"topics":[]},"n":1.50,"e":"","c":"a\nb"}"#

    @Test(
        "A key is made of text and fields",
        arguments: [
            ("{repository.full_name}", "o/r"), ("repo-{repository.id}!", "repo-7!"), ("{repository.id}/{n}", "7/1.50"),
            ("fixed", "fixed"),
            ("{repository.private}", "false"), ("{c}", "a?b"), ("x{e}", "x"), ("{e}", nil), ("{repository.owner}", nil),
            ("{repository.topics}", nil), ("{repository}", nil), ("{missing}", nil), ("{n.deeper}", nil),
            ("x{missing.path}", nil),
        ])
    func key(template: String, expected: String?) throws {
        let payload = try RawJSON(ByteBuffer(string: Self.payload))
        #expect(try KeyTemplate(template).key(for: payload) == expected)
    }

    @Test("A long key is cut at whole characters of at most 256 bytes")
    func longKey() throws {
        let payload = try RawJSON(ByteBuffer(string: #"{"k":"x\#(String(repeating: "é", count: 200))"}"#))
        #expect(try KeyTemplate("{k}").key(for: payload) == "x" + String(repeating: "é", count: 127))
    }

    @Test(
        "A template that cannot be meant is refused",
        arguments: ["", "{", "}", "{a", "a}", "{}", "{a..b}", "{.a}", "{a.}", "{a{b}}"])
    func badTemplate(text: String) {
        #expect(throws: ReceiverError.self) { try KeyTemplate(text) }
    }

    @Test("A job keeps what GitHub says about the delivery, and no signature or credential")
    func keptHeaders() throws {
        var fields: HTTPFields = [:]
        for (name, value) in [
            ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d1"), ("X-GitHub-Hook-ID", "42"),
            ("Content-Type", "application/json"),
            ("X-Hub-Signature", "sha1=1"), ("X-Hub-Signature-256", "sha256=1"), ("Authorization", "Bearer x"),
            ("Cookie", "a=b"),
            ("User-Agent", "GitHub-Hookshot/1"), ("Proxy-Authorization", "x"),
        ] { fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        #expect(
            try Delivery(fields).headers == [
                "x-github-event": "push", "x-github-delivery": "d1", "x-github-hook-id": "42",
                "content-type": "application/json",
            ])
    }

    @Test(
        "A path leads to one place; slashes in names are written %2F",
        arguments: [
            ("/healthz", .health, []), ("/readyz?verbose", .readiness, []), ("/metrics", .metrics, []),
            ("/webhooks/github", .webhook, ["github"]), ("/webhooks/a%20b", .webhook, ["a b"]),
            ("/v1/queues", .queues, []), ("/v1/workers", .workers, []), ("/v1/queues/q", .queue, ["q"]),
            ("/v1/queues/jobs", .queue, ["jobs"]), ("/v1/queues/q/jobs", .jobs, ["q"]),
            ("/v1/queues/staging%2Fq/jobs", .jobs, ["staging/q"]),
            ("/v1/queues/q/jobs/i%2Fd", .job, ["q", "i/d"]), ("/v1/queues/q/jobs/why", .job, ["q", "why"]),
            ("/v1/queues/q/jobs/i/why", .why, ["q", "i"]), ("/v1/queues/q/jobs/i/cancel?x", .cancel, ["q", "i"]),
            ("/v1/queues/q/dead?type=t", .dead, ["q"]), ("/v1/queues/q/dead/requeue", .requeueDead, ["q"]),
            ("/v1/queues/q/settings", .settings, ["q"]),
        ] as [(String, Endpoint, [String])])
    func places(target: String, endpoint: Endpoint, names: [String]) throws {
        let place = try #require(Place(target))
        #expect(place.endpoint == endpoint && place.names == names)
    }

    @Test(
        "Nothing else is a place",
        arguments: [
            "/", "", "healthz", "/healthz/", "//healthz", "*", "/webhooks", "/webhooks/", "/webhooks/a/b", "/v1",
            "/v2/queues", "/v1/queues/", "/v1/queues/q/", "/v1/queues//jobs", "/v1/queues/%zz/jobs",
            "/v1/queues/%ff/jobs", "/../healthz", "/v1/queues/q/explode", "/v1/queues/q/jobs/i/explode",
            "/v1/queues/q/dead/i", "/v1/workers/w", "/v1/queues/q/jobs/i/why/not",
        ])
    func nowhere(target: String) {
        #expect(Place(target) == nil)
    }
}
