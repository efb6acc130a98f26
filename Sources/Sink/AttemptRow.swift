import Penstock

/// A row of `penstock.attempts`: one run, ended. Nothing ever changes it.
struct AttemptRow: Sendable {
    var queue: String
    var level: String
    var entry: String
    var jobID: String
    var attempt: Int32
    var outcome: String
    var startedAt: Int64?
    var finishedAt: Int64
    var milliseconds: Int64?
    var worker: String
    var error: String?

    /// Nil for an event that ended no run.
    init?(queue: String, event: Event) {
        guard let run = event.run else { return nil }
        self.queue = queue
        level = run.level.storable
        entry = run.entry.storable
        jobID = event.jobID.storable
        attempt = AttemptRow.number(of: event, run)
        outcome = event.kind.rawValue
        startedAt = run.startedAt?.storableTime
        finishedAt = event.id.milliseconds.storableTime ?? 0
        milliseconds = run.milliseconds
        worker = run.worker.storable
        error = event.error?.storable
    }

    /// Which attempt the run was. The header counts the attempts charged: a run that completed or failed is among them,
    /// any other is the one after them. A run whose worker never came back has no start and is never charged.
    private static func number(of event: Event, _ run: Event.Run) -> Int32 {
        let charged = Int32(clamping: event.header?.attempt ?? 0)
        let isCharged =
            switch event.kind {
            case .completed, .retried: true
            case .dead: run.startedAt != nil
            case .cancelled, .snoozed, .released, .recovered, .unhandled, .resolved: false
            }
        return isCharged || charged == .max ? max(charged, 1) : charged + 1
    }
}
