import Penstock

extension BacklogSample {
    /// The names are those of the API, and three of our own for the second look.
    var json: JSON {
        let drained: Double?
        if case .seconds(let seconds) = drain { drained = seconds } else { drained = nil }
        return .object([
            ("queue", .string(backlog.queue)), ("waiting", .integer(backlog.waiting)),
            ("running", .integer(backlog.running)), ("delayed", .integer(backlog.delayed)),
            ("parked", .integer(backlog.parked)), ("dead", .integer(backlog.dead)), ("oldest", JSON(backlog.oldest)),
            ("paused", .bool(backlog.isPaused)), ("in_per_second", JSON(rateIn)), ("out_per_second", JSON(rateOut)),
            ("drain_seconds", JSON(drained)),
            ("levels", .array(backlog.levels.map(Self.json))),
            ("parked_types", Self.json(backlog.parkedTypes)),
            (
                "events",
                .object([
                    ("waiting", .integer(backlog.events)), ("max", .integer(backlog.maxEvents)),
                    ("recording", .bool(backlog.isRecording)),
                ])
            ),
            ("totals", Self.json(backlog.totals)), ("now", JSON(backlog.now)),
        ])
    }

    private static func json(_ level: Backlog.Level) -> JSON {
        .object([
            ("level", .string(level.name)), ("waiting", .integer(level.waiting)), ("running", .integer(level.running)),
            ("oldest", JSON(level.oldest)),
        ])
    }

    private static func json(_ counts: [String: Int]) -> JSON {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
    }
}
