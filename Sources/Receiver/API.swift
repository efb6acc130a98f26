import Hummingbird
import Logging
import NIOCore
import Penstock
import Synchronization

/// The door for producers and for people who ask after a job.
package struct API: Sendable {
    static let maxBody = 32 << 20
    static let maxJobs = 1000
    /// One job is answered as quickly as a webhook; an array may need many calls of Redis.
    package static let patience = Duration.milliseconds(1600)
    package static let patienceForMany = Duration.seconds(10)
    /// Of all bodies but those of jobs.
    static let maxForm = 64 << 10

    let store: Store
    let history: (any History)?
    /// Queues to list although no process has served or fed them yet: those of the configuration.
    let queues: [String]
    let maxPayload: Int
    let patience: Duration
    let patienceForMany: Duration
    let memoryMark: MemoryMark
    let logger: Logger
    let errands = Errands()
    private let keys: APIKeys
    private let roster = Roster()

    /// - Parameters:
    ///   - history: where ended jobs are; without one only live and dead jobs are found.
    ///   - maxPayload: bytes of one job's payload.
    ///   - patience: how long Redis or Postgres may take for one answer.
    ///   - patienceForMany: how long it may take to do something with many jobs.
    ///   - memoryMark: how full Redis may be while jobs are taken; nil is the usual one. Share it with the webhooks.
    package init(
        keys: APIKeys, store: Store, history: (any History)? = nil, queues: [String] = [], maxPayload: Int = 1 << 20,
        patience: Duration = API.patience, patienceForMany: Duration = API.patienceForMany,
        memoryMark: MemoryMark? = nil, logger: Logger
    ) {
        self.keys = keys
        self.store = store
        self.history = history
        self.queues = queues
        self.maxPayload = maxPayload
        self.patience = patience
        self.patienceForMany = patienceForMany
        self.memoryMark = memoryMark ?? MemoryMark(of: store)
        self.logger = logger
    }

    /// - Throws: `Problem` 401 unless the request may use the API. Asked before a byte of the body is read.
    func admit(_ request: Request) throws(Problem) {
        guard !keys.isOpen else {
            // Without keys every web page in a browser on this machine could post here; browsers say that they are one.
            guard request.headers[.origin] == nil else {
                throw Problem(
                    .forbidden,
                    "the API is open to programs on this machine, not to web pages; configure a key under api.keys")
            }
            return
        }
        guard keys.admit(request.headers[.authorization]) else {
            throw Problem(
                .unauthorized, "Authorization has no valid key; send it as Bearer KEY with a key of the configuration",
                headers: [.wwwAuthenticate: "Bearer"])
        }
    }

    func queue(_ name: String) throws(Problem) -> Queue {
        do throws(QueueError) { return try Queue(name, in: store) } catch {
            throw Problem(.badRequest, error.description)
        }
    }

    /// Makes a queue known to those that look after all queues, at its first job from this process. A failure is
    /// repaired by the next job.
    func register(_ queue: Queue) async {
        guard !roster.has(queue.name) else { return }
        let store = store
        let isKnown = await within(patience) { () async -> Bool in
            do throws(QueueError) { try await store.register(queues: [queue.name]) } catch { return false }
            return true
        }
        if isKnown == true { roster.add(queue.name) }
    }
}

/// The queues that this process has made known.
private final class Roster: Sendable {
    private let names = Mutex<Set<String>>([])

    func has(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
    func add(_ name: String) { names.withLock { _ = $0.insert(name) } }
}
