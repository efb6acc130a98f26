/// A part that a process can play; every one is safe in any number of processes.
enum Role: String, Sendable, CaseIterable {
    /// Webhooks and the API in.
    case receiver
    /// Claims and runs.
    case worker
    /// Promotes, recovers, sweeps.
    case scheduler
    /// Events to Postgres.
    case sink
}

/// The value of `--role`: names with commas between them, or `all`.
struct RoleList: Sendable, Equatable {
    var roles: Set<Role>
    /// `all` takes what is possible; a role that is named has to be.
    var isAll: Bool

    static let all = RoleList(roles: Set(Role.allCases), isAll: true)

    init(roles: Set<Role>, isAll: Bool = false) {
        self.roles = roles
        self.isAll = isAll
    }

    init(_ text: String) throws(OptionFault) {
        self.init(roles: [])
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = word.trimmed
            if name == "all" {
                roles = Set(Role.allCases)
                isAll = true
            } else if let role = Role(rawValue: name) {
                roles.insert(role)
            } else {
                let known = Role.allCases.map(\.rawValue) + ["all"]
                throw OptionFault(
                    "there is no role \"\(name)\"; \(Suggestion.remedy(for: name, among: known, noun: "roles"))")
            }
        }
        // `all,sink` names the sink.
        if isAll, text.contains("sink") { isAll = false }
    }
}
