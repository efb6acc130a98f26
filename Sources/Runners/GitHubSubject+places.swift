import JSON

extension GitHubSubject {
    /// Where a payload holds an object, and what it is called in a record.
    struct Place {
        let path: [String]
        let kind: String

        init(_ path: String..., kind: String? = nil) {
            self.path = path
            self.kind = kind ?? path.last ?? ""
        }

        func find(in payload: [String: RawJSON]) -> [String: RawJSON]? {
            path.dropFirst().reduce(path.first.flatMap { payload[$0] }) { object, name in object?[name] }?.members
        }
    }

    /// The places to look at, best first: the event's own, then the object that has the event's name, then whatever
    /// object is known, for events that this table does not know.
    static func places(for event: String) -> [Place] {
        (own[event] ?? []) + [Place(event)] + known
    }

    /// Events whose subject does not have the event's name.
    private static let own: [String: [Place]] = [
        "branch_protection_rule": [Place("rule", kind: "branch_protection_rule")],
        "code_scanning_alert": [Place("alert", kind: "code_scanning_alert")],
        "custom_property": [Place("definition", kind: "custom_property")],
        "custom_property_values": [repository],
        "dependabot_alert": [Place("alert", kind: "dependabot_alert")],
        "deploy_key": [Place("key", kind: "deploy_key")],
        "deployment_protection_rule": [Place("deployment")],
        "deployment_review": [Place("workflow_run")],
        "deployment_status": [Place("deployment")],
        "discussion_comment": [Place("discussion")],
        "fork": [Place("forkee", kind: "repository")],
        "installation_repositories": [Place("installation")],
        "installation_target": [Place("account")],
        "issue_comment": [Place("issue")],
        "issue_dependencies": [Place("blocked_issue", kind: "issue")],
        "issues": [Place("issue")],
        "member": [Place("member", kind: "user")],
        "membership": [Place("member", kind: "user")],
        "meta": [Place("hook")],
        "org_block": [Place("blocked_user", kind: "user")],
        "organization": [Place("membership", "user"), Place("organization")],
        "page_build": [Place("build", kind: "page_build")],
        "ping": [Place("hook")],
        "projects_v2": [Place("projects_v2", kind: "project")],
        "public": [repository],
        "pull_request_review": [Place("pull_request")],
        "pull_request_review_comment": [Place("pull_request")],
        "pull_request_review_thread": [Place("pull_request")],
        "registry_package": [Place("registry_package", kind: "package")],
        "repository": [repository],
        "repository_dispatch": [repository],
        "repository_import": [repository],
        "repository_vulnerability_alert": [Place("alert", kind: "repository_vulnerability_alert")],
        "secret_scanning_alert": [Place("alert", kind: "secret_scanning_alert")],
        "secret_scanning_alert_location": [Place("alert", kind: "secret_scanning_alert")],
        "security_and_analysis": [repository],
        "star": [repository],
        "sub_issues": [Place("sub_issue", kind: "issue")],
        "team_add": [Place("team")],
        "watch": [repository],
    ]

    /// For unknown events: what is most particular comes first.
    private static let known = [
        Place("pull_request"), Place("issue"), Place("discussion"), Place("release"), Place("workflow_job"),
        Place("workflow_run"), Place("check_run"), Place("check_suite"), Place("deployment"), Place("package"),
        Place("registry_package", kind: "package"), Place("milestone"), Place("label"), Place("alert"),
        Place("security_advisory"), Place("project"), Place("team"), Place("member", kind: "user"), Place("hook"),
    ]

    private static let repository = Place("repository")
}
