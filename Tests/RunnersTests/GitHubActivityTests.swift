import Foundation
import NIOCore
import Penstock
import Testing

@testable import Runners

@Suite struct GitHubActivityTests {
    private func record(_ payload: String, event: String?) async throws -> String {
        let headers = event.map { ["x-github-event": $0] } ?? [:]
        return try #require(try await GitHubActivity.handler(.sample(payload, headers: headers)).text)
    }

    /// A payload with the members that all of GitHub's have.
    private static func payload(_ members: String) -> String {
        """
        {"action":"done","repository":{"full_name":"octo/hello","html_url":"https://github.com/octo/hello"},
        "sender":{"login":"mona"},\(members)}
        """
    }

    @Test func `a pull request is recorded with every key`() async throws {
        let text = try await record(
            """
            {"action":"opened","number":12,"repository":{"full_name":"octo/hello"},"sender":{"login":"mona"},
             "pull_request":{"number":12,"title":"Say \\"hi\\" \\ud83d\\udc4b","html_url":"https://github.com/octo/hello/pull/12",
             "created_at":"2024-05-01T10:00:00Z","updated_at":"2024-05-01T11:00:00Z"},"installation":{"id":9007199254740993}}
            """, event: "pull_request")
        #expect(
            text == #"{"event":"pull_request","action":"opened","repository":"octo/hello","actor":"mona","#
                + #""subject":{"kind":"pull_request","number":12,"title":"Say \"hi\" 👋","#
                + #""url":"https://github.com/octo/hello/pull/12"},"#
                + #""time":"2024-05-01T11:00:00Z","installation":9007199254740993}"#)
    }

    @Test func `what a payload lacks is null`() async throws {
        #expect(
            try await record("{}", event: nil)
                == #"{"event":null,"action":null,"repository":null,"actor":null,"subject":null,"#
                + #""time":null,"installation":null}"#)
        #expect(
            try await record(#"{"repository":null,"sender":null,"issue":{},"installation":{}}"#, event: "issues")
                == #"{"event":"issues","action":null,"repository":null,"actor":null,"#
                + #""subject":{"kind":"issue","number":null,"title":null,"url":null},"time":null,"installation":null}"#)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let event: String
        let members: String
        let subject: String
        var time = "null"

        var testDescription: String { event }
    }

    private static let cases = [
        Case(
            event: "issues", members: #""issue":{"number":3,"title":"T","html_url":"U","created_at":"C"}"#,
            subject: #"{"kind":"issue","number":3,"title":"T","url":"U"}"#, time: #""C""#),
        Case(
            event: "issue_comment",
            members: #""issue":{"number":3,"title":"T","html_url":"U","updated_at":"I"},"comment":{"created_at":"C"}"#,
            subject: #"{"kind":"issue","number":3,"title":"T","url":"U"}"#, time: #""C""#),
        Case(
            event: "issue_comment",
            members: #""issue":{"number":4,"title":"T","html_url":"U","pull_request":{"url":"X"}},"comment":{}"#,
            subject: #"{"kind":"pull_request","number":4,"title":"T","url":"U"}"#),
        Case(
            event: "pull_request_review",
            members: #""review":{"submitted_at":"S"},"pull_request":{"number":5,"title":"T","html_url":"U"}"#,
            subject: #"{"kind":"pull_request","number":5,"title":"T","url":"U"}"#, time: #""S""#),
        Case(
            event: "discussion_comment",
            members: #""comment":{"updated_at":"C"},"discussion":{"number":6,"title":"T","html_url":"U"}"#,
            subject: #"{"kind":"discussion","number":6,"title":"T","url":"U"}"#, time: #""C""#),
        Case(
            event: "push",
            members: #""ref":"refs/heads/main","compare":"U","head_commit":{"timestamp":"2024-05-01T12:00:00+02:00"}"#,
            subject: #"{"kind":"branch","number":null,"title":"refs/heads/main","url":"U"}"#,
            time: #""2024-05-01T12:00:00+02:00""#),
        Case(
            event: "push", members: #""ref":"refs/tags/v1","compare":"U","head_commit":null"#,
            subject: #"{"kind":"tag","number":null,"title":"refs/tags/v1","url":"U"}"#),
        Case(
            event: "create", members: #""ref":"v1","ref_type":"tag","master_branch":"main""#,
            subject: #"{"kind":"tag","number":null,"title":"v1","url":null}"#),
        Case(
            event: "delete", members: #""ref":"topic","ref_type":"branch""#,
            subject: #"{"kind":"branch","number":null,"title":"topic","url":null}"#),
        Case(
            event: "release",
            members: #""release":{"tag_name":"v1","name":"","html_url":"U","created_at":"C","published_at":"P"}"#,
            subject: #"{"kind":"release","number":null,"title":"v1","url":"U"}"#, time: #""P""#),
        Case(
            event: "workflow_run",
            members:
                #""workflow":{"name":"W"},"workflow_run":{"run_number":7,"name":"","display_title":"T","html_url":"U"}"#,
            subject: #"{"kind":"workflow_run","number":7,"title":"T","url":"U"}"#),
        Case(
            event: "workflow_job",
            members: #""workflow_job":{"name":"lint","html_url":"U","completed_at":"E","started_at":"S"}"#,
            subject: #"{"kind":"workflow_job","number":null,"title":"lint","url":"U"}"#, time: #""E""#),
        Case(
            event: "check_suite", members: #""check_suite":{"head_branch":"main","url":"U"}"#,
            subject: #"{"kind":"check_suite","number":null,"title":"main","url":"U"}"#),
        Case(
            event: "commit_comment", members: #""comment":{"commit_id":"abc","html_url":"U","created_at":"C"}"#,
            subject: #"{"kind":"commit","number":null,"title":"abc","url":"U"}"#, time: #""C""#),
        Case(
            event: "status",
            members:
                #""sha":"abc","commit":{"html_url":"U","commit":{"message":"Fix it\n\nBecause."}},"updated_at":"T""#,
            subject: #"{"kind":"commit","number":null,"title":"Fix it","url":"U"}"#, time: #""T""#),
        Case(
            event: "deployment_status",
            members:
                #""deployment_status":{"created_at":"S"},"deployment":{"environment":"production","url":"U"},"workflow_run":{}"#,
            subject: #"{"kind":"deployment","number":null,"title":"production","url":"U"}"#, time: #""S""#),
        Case(
            event: "dependabot_alert",
            members: #""alert":{"number":8,"html_url":"U","security_advisory":{"summary":"Bad"}}"#,
            subject: #"{"kind":"dependabot_alert","number":8,"title":"Bad","url":"U"}"#),
        Case(
            event: "star", members: #""starred_at":"S""#,
            subject: #"{"kind":"repository","number":null,"title":"octo/hello","url":"https://github.com/octo/hello"}"#,
            time: #""S""#),
        Case(
            event: "fork", members: #""forkee":{"full_name":"mona/hello","html_url":"U","created_at":"C"}"#,
            subject: #"{"kind":"repository","number":null,"title":"mona/hello","url":"U"}"#, time: #""C""#),
        Case(
            event: "member", members: #""member":{"login":"hubot","html_url":"U"}"#,
            subject: #"{"kind":"user","number":null,"title":"hubot","url":"U"}"#),
        Case(
            event: "organization", members: #""membership":{"user":{"login":"hubot","html_url":"U"}}"#,
            subject: #"{"kind":"user","number":null,"title":"hubot","url":"U"}"#),
        Case(
            event: "installation",
            members: #""installation":{"id":1,"account":{"login":"octo"},"html_url":"U","created_at":0}"#,
            subject: #"{"kind":"installation","number":null,"title":"octo","url":"U"}"#,
            time: #""1970-01-01T00:00:00Z""#),
        Case(
            event: "gollum", members: #""pages":[{"title":"Home","html_url":"U"}]"#,
            subject: #"{"kind":"page","number":null,"title":"Home","url":"U"}"#),
        Case(
            event: "milestone", members: #""milestone":{"number":9,"title":"v1","html_url":"U"}"#,
            subject: #"{"kind":"milestone","number":9,"title":"v1","url":"U"}"#),
        Case(
            event: "workflow_dispatch", members: #""workflow":"ci.yml","ref":"refs/heads/main""#,
            subject: #"{"kind":"workflow","number":null,"title":"ci.yml","url":null}"#),
        Case(
            event: "invented_tomorrow", members: #""invented_tomorrow":{"name":"N"}"#,
            subject: #"{"kind":"invented_tomorrow","number":null,"title":"N","url":null}"#),
        Case(
            event: "invented_tomorrow", members: #""issue":{"number":3,"title":"T","html_url":"U"},"mood":{}"#,
            subject: #"{"kind":"issue","number":3,"title":"T","url":"U"}"#),
        Case(event: "invented_tomorrow", members: #""mood":{"name":"N"}"#, subject: "null"),
    ]

    @Test(arguments: cases)
    func `each event names what it is about and when it happened`(it: Case) async throws {
        let text = try await record(Self.payload(it.members), event: it.event)
        #expect(text.contains(#""subject":\#(it.subject),"time":\#(it.time),"#))
        #expect(text.contains(#""repository":"octo/hello","actor":"mona""#))
    }

    @Test(arguments: [
        (#""updated_at":1700000000"#, #""2023-11-14T22:13:20Z""#), (#""updated_at":1e300"#, "null"),
        (#""updated_at":null,"created_at":"C""#, #""C""#), (#""updated_at":["T"]"#, "null"),
    ])
    func `times in seconds become ISO 8601`(member: String, time: String) async throws {
        let text = try await record(Self.payload(#""issue":{\#(member)}"#), event: "issues")
        #expect(text.contains(#""time":\#(time),"#))
    }

    @Test(arguments: ["", "[]", "[{}]", "null", "1", "\"text\"", "{", "{\"a\":}", "{} {}", "payload=%7B%7D"])
    func `a payload that is no JSON object is buried`(payload: String) async throws {
        await #expect(throws: Bury.self) { try await record(payload, event: "push") }
    }

    @Test func `broken characters and control characters do not stop a record`() async throws {
        var payload = ByteBuffer(string: #"{"issue":{"number":1,"title":"a\u0000b\ud800c"#)
        payload.writeBytes([0xFF])
        payload.writeString(#""}}"#)
        let job = Job(
            id: "1", queue: "q", type: "t", headers: ["x-github-event": "issues"], payload: payload)
        let text = try #require(try await GitHubActivity.handler(job).text)
        #expect(text.contains("\"title\":\"a\u{FFFD}b\u{FFFD}c\u{FFFD}\""))
    }

    @Test func `numbers are not rounded on the way`() async throws {
        let text = try await record(
            Self.payload(#""issue":{"number":123456789012345678901234567890}"#), event: "issues")
        #expect(text.contains(#""number":123456789012345678901234567890,"#))
    }
}

/// Webhooks as GitHub publishes them. They are not part of the project; where they are, they are tried.
@Suite struct PublishedPayloadTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/github-payloads").standardizedFileURL

    static let files: [String] = {
        let found = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
        return found.filter { $0.hasSuffix(".json") }.sorted()
    }()

    @Test(.enabled(if: !files.isEmpty), arguments: files)
    func `every published webhook names its repository and its actor`(file: String) async throws {
        let data = try Data(contentsOf: Self.folder.appending(path: file))
        let event = try #require(file.split(separator: "/").first.map(String.init))
        let job = Job(
            id: "1", queue: "q", type: "t", headers: ["x-github-event": event], payload: ByteBuffer(bytes: data))
        let record = try #require(try await GitHubActivity.handler(job).value() as? [String: Any])
        let payload = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        func text(_ value: Any?) -> String { value.map { $0 is NSNull ? "null" : "\($0)" } ?? "null" }
        func member(_ object: String, _ name: String) -> String { text((payload[object] as? [String: Any])?[name]) }

        #expect(
            Set(record.keys) == ["event", "action", "repository", "actor", "subject", "time", "installation"])
        #expect(text(record["event"]) == event)
        #expect(text(record["action"]) == text(payload["action"]))
        #expect(text(record["repository"]) == member("repository", "full_name"))
        #expect(text(record["actor"]) == member("sender", "login"))
        #expect(text(record["installation"]) == member("installation", "id"))
        if event != "github_app_authorization" {
            let subject = try #require(record["subject"] as? [String: Any])
            #expect(Set(subject.keys) == ["kind", "number", "title", "url"])
            #expect(subject["kind"] is String)
        }
    }
}
