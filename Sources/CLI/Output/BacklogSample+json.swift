import JSON
import Penstock

extension BacklogSample {
    /// The names are those of the API, and three of our own for the second look.
    var json: JSONText {
        let drained: Double?
        if case .seconds(let seconds) = drain { drained = seconds } else { drained = nil }
        return .object([
            ("queue", .string(backlog.queue)), ("waiting", .integer(backlog.waiting)),
            ("running", .integer(backlog.running)), ("delayed", .integer(backlog.delayed)),
            ("parked", .integer(backlog.parked)), ("dead", .integer(backlog.dead)),
            ("oldest", JSONText(backlog.oldest)),
            ("paused", .boolean(backlog.isPaused)), ("draining", .boolean(backlog.isDraining)),
            ("policy", backlog.isStrict ? "strict" : "weighted"), ("fair", .boolean(backlog.isFair)),
            ("max_length", .integer(backlog.maxLength)), ("bytes", .integer(backlog.bytes)),
            ("max_bytes", .integer(backlog.maxBytes)), ("refuse", .string(backlog.refuse.name)),
            ("in_per_second", JSONText(rateIn)),
            ("out_per_second", JSONText(rateOut)),
            ("drain_seconds", JSONText(drained)),
            ("levels", .array(backlog.levels.map(Self.json))),
            ("parked_types", Self.json(backlog.parkedTypes)), ("stopped", Self.json(backlog.stopped)),
            ("slots", Self.json(backlog.slots)),
            ("limits", .object(backlog.limits.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            (
                "events",
                .object([
                    ("waiting", .integer(backlog.events)), ("max", .integer(backlog.maxEvents)),
                    ("recording", .boolean(backlog.isRecording)),
                ])
            ),
            ("totals", Self.json(backlog.totals)), ("now", JSONText(backlog.now)),
        ])
    }

    private static func json(_ level: Backlog.Level) -> JSONText {
        .object([
            ("level", .string(level.name)), ("waiting", .integer(level.waiting)), ("running", .integer(level.running)),
            ("oldest", JSONText(level.oldest)),
        ])
    }

    private static func json(_ counts: [String: Int]) -> JSONText {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
    }
}
