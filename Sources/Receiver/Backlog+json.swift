import JSON
import Penstock

extension JSONText {
    init(_ backlog: Backlog) {
        self = .object([
            ("queue", .string(backlog.queue)), ("waiting", .integer(backlog.waiting)),
            ("running", .integer(backlog.running)),
            ("delayed", .integer(backlog.delayed)), ("parked", .integer(backlog.parked)),
            ("dead", .integer(backlog.dead)),
            ("oldest", JSONText(backlog.oldest)), ("paused", .boolean(backlog.isPaused)),
            ("draining", .boolean(backlog.isDraining)),
            (
                "levels",
                .array(
                    backlog.levels.map { level in
                        .object([
                            ("level", .string(level.name)), ("waiting", .integer(level.waiting)),
                            ("running", .integer(level.running)),
                            ("oldest", JSONText(level.oldest)),
                        ])
                    })
            ),
            ("parked_types", Self.counts(backlog.parkedTypes)),
            (
                "events",
                .object([
                    ("waiting", .integer(backlog.events)), ("max", .integer(backlog.maxEvents)),
                    ("recording", .boolean(backlog.isRecording)),
                ])
            ),
            ("policy", .string(backlog.isStrict ? "strict" : "weighted")), ("fair", .boolean(backlog.isFair)),
            ("max_length", .integer(backlog.maxLength)), ("bytes", .integer(backlog.bytes)),
            ("max_bytes", .integer(backlog.maxBytes)), ("refuse", .string(backlog.refuse.name)),
            (
                "limits",
                .object(backlog.limits.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
            ),
            ("stopped", Self.counts(backlog.stopped)), ("slots", Self.counts(backlog.slots)),
            ("totals", Self.counts(backlog.totals)), ("now", JSONText(backlog.now)),
        ])
    }

    private static func counts(_ counts: [String: Int]) -> JSONText {
        .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
    }
}
