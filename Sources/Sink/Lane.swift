import Foundation

/// One thread that runs the jobs of one actor. libpq's calls block, and a blocked thread of Swift's own pool would be
/// missing there for everybody.
final class Lane: SerialExecutor {
    /// What the thread needs; it must not hold the lane itself, or neither would ever end.
    ///
    /// `@unchecked`: `jobs` and `isClosed` are only touched under `condition`, which also has to wake the thread.
    private final class Mailbox: @unchecked Sendable {
        let condition = NSCondition()
        var jobs: [(job: UnownedJob, executor: UnownedSerialExecutor)] = []
        var isClosed = false

        /// Waits for jobs; nil when there will be no more.
        func take() -> [(job: UnownedJob, executor: UnownedSerialExecutor)]? {
            condition.withLock {
                while jobs.isEmpty && !isClosed { condition.wait() }
                defer { jobs = [] }
                return jobs.isEmpty ? nil : jobs
            }
        }
    }

    private let mailbox = Mailbox()

    init(name: String) {
        let thread = Thread { [mailbox] in
            while let jobs = mailbox.take() {
                for (job, executor) in jobs { job.runSynchronously(on: executor) }
            }
        }
        thread.name = name
        thread.start()
    }

    deinit {
        mailbox.condition.withLock {
            mailbox.isClosed = true
            mailbox.condition.signal()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        // A job keeps its actor alive, and the actor its lane: the unowned reference is good until the job has run.
        let next = (UnownedJob(job), asUnownedSerialExecutor())
        mailbox.condition.withLock {
            mailbox.jobs.append(next)
            mailbox.condition.signal()
        }
    }
}
