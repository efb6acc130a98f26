/// How urgent a job is. `critical` is always claimed first; the other three share by weight, 6:3:1 unless configured.
///
/// The raw value is what Postgres stores, so that sorting by it sorts by urgency.
public enum Priority: Int, Sendable, CaseIterable, Codable {
    case critical = 0
    case high
    case normal
    case low

    /// The word used in Redis, in the CLI and in the API.
    public var name: String {
        switch self {
        case .critical: "critical"
        case .high: "high"
        case .normal: "normal"
        case .low: "low"
        }
    }

    /// Reads a priority from its name, or from its number as text (`"0"` to `"3"`).
    public init?(name: some StringProtocol) {
        guard let found = Priority.allCases.first(where: { $0.name == name || String($0.rawValue) == name })
        else { return nil }
        self = found
    }
}
