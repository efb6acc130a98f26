import JSON

/// What a webhook is about: the pull request of a review, the branch of a push, the repository of a star.
struct GitHubSubject {
    let kind: String
    let number: RawJSON?
    let title: String?
    let url: String?
    /// Where the times stand.
    let object: [String: RawJSON]?

    init?(of payload: [String: RawJSON], event: String) {
        if let special = Self.special(of: payload, event: event) {
            self = special
            return
        }
        for place in Self.places(for: event) {
            guard let object = place.find(in: payload) else { continue }
            self.init(kind: place.kind, object)
            return
        }
        return nil
    }

    private init(kind: String, number: RawJSON? = nil, title: String?, url: String?, object: [String: RawJSON]?) {
        self.kind = kind
        self.number = number
        self.title = title
        self.url = url
        self.object = object
    }

    /// GitHub's objects name the same thing differently; the first name that holds text is taken.
    private init(kind: String, _ object: [String: RawJSON]) {
        // To GitHub a pull request is an issue too, and says so by this member.
        self.kind = kind == "issue" && object["pull_request"] != nil ? "pull_request" : kind
        number = (object["number"] ?? object["run_number"]).flatMap { $0.kind == .number ? $0 : nil }
        title = Self.title(of: object)
        url = ["html_url", "target_url", "details_url", "url"].lazy.compactMap { object[$0]?.text }.first
        self.object = object
    }

    private static func title(of object: [String: RawJSON]) -> String? {
        let names = [
            "title", "display_title", "full_name", "name", "tag_name", "login", "summary", "environment", "head_branch",
            "head_ref", "property_name", "content_type", "secret_type_display_name", "secret_type",
        ]
        let paths = [
            ["rule", "description"], ["security_advisory", "summary"], ["plan", "name"], ["tier", "name"],
            ["account", "login"], ["commit", "message"],
        ]
        return names.lazy.compactMap { object[$0]?.text }.first
            ?? paths.lazy.compactMap { object[$0[0]]?[$0[1]]?.text?.firstLine }.first
    }

    /// Events whose subject is no object of the payload, or is named by something beside it.
    private static func special(of payload: [String: RawJSON], event: String) -> GitHubSubject? {
        switch event {
        case "push":
            guard let ref = payload["ref"]?.text else { return nil }
            let kind = ref.hasPrefix("refs/tags/") ? "tag" : "branch"
            return GitHubSubject(
                kind: kind, title: ref, url: payload["compare"]?.text, object: payload["head_commit"]?.members)
        case "create", "delete":
            guard let ref = payload["ref"]?.text else { return nil }
            return GitHubSubject(
                kind: payload["ref_type"]?.text ?? "branch", title: ref, url: nil, object: nil)
        case "commit_comment":
            guard let comment = payload["comment"] else { return nil }
            return GitHubSubject(
                kind: "commit", title: comment["commit_id"]?.text, url: comment["html_url"]?.text,
                object: comment.members)
        case "status":
            let commit = payload["commit"]
            return GitHubSubject(
                kind: "commit",
                title: commit?["commit"]?["message"]?.text?.firstLine ?? payload["sha"]?.text,
                url: commit?["html_url"]?.text ?? payload["target_url"]?.text, object: nil)
        case "workflow_dispatch":
            return GitHubSubject(kind: "workflow", title: payload["workflow"]?.text, url: nil, object: nil)
        case "gollum":
            return payload["pages"]?.elements(upTo: 1)?.first.map { GitHubSubject(kind: "page", $0.members ?? [:]) }
        default: return nil
        }
    }
}

extension String {
    fileprivate var firstLine: String? { split(whereSeparator: \.isNewline).first.map(String.init) }
}
