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
            ("/healthz", .health), ("/readyz?verbose", .readiness), ("/metrics", .metrics),
            ("/webhooks/github", .webhook("github")),
            ("/webhooks/a%20b", .webhook("a b")), ("/v1/queues", .queues), ("/v1/queues/q/jobs", .jobs(queue: "q")),
            ("/v1/queues/staging%2Fq/jobs", .jobs(queue: "staging/q")),
            ("/v1/queues/q/jobs/i%2Fd", .job("i/d", queue: "q")),
            ("/", .nowhere), ("", .nowhere), ("healthz", .nowhere), ("/healthz/", .nowhere), ("//healthz", .nowhere),
            ("*", .nowhere),
            ("/webhooks", .nowhere), ("/webhooks/", .nowhere), ("/webhooks/a/b", .nowhere), ("/v1/queues/q", .nowhere),
            ("/v2/queues", .nowhere), ("/v1/queues/%zz/jobs", .nowhere), ("/v1/queues/%ff/jobs", .nowhere),
            ("/../healthz", .nowhere),
        ] as [(String, Place)])
    func places(target: String, place: Place) {
        #expect(Place(target) == place)
    }
}
