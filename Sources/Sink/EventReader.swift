import Logging
import Penstock

/// Reads the events of all queues in turn, and knows which queues there are.
struct EventReader {
    private let store: Store
    private let consumer: String
    private let logger: Logger
    private var queues: [Queue] = []
    /// The queue to begin with: after a full batch the one behind, so that a busy queue holds up no other.
    private var first = 0
    private var isAway = false
    /// Queues that cannot be read, each told once.
    private var broken: Set<String> = []

    init(store: Store, consumer: String, logger: Logger) {
        self.store = store
        self.consumer = consumer
        self.logger = logger
    }

    /// Looks for queues. While Redis is away the known ones stay.
    mutating func scan(adding named: [String]) async {
        var names = Set(named).union(queues.map(\.name))
        do {
            names.formUnion(try await store.queues())
            answered()
        } catch {
            note(error, queue: nil)
        }
        for name in names.subtracting(queues.map(\.name)).sorted() {
            do {
                queues.append(try Queue(name, in: store))
            } catch {
                note(error, queue: name)
            }
        }
    }

    /// Adds what there is to the batch, until it is full.
    mutating func fill(_ batch: inout Batch) async {
        for _ in queues.indices {
            let queue = queues[first % queues.count]
            do {
                batch.add(try await queue.events(consumer: consumer), of: queue.name)
                answered()
                broken.remove(queue.name)
            } catch {
                note(error, queue: queue.name)
                // The other queues are on the same server.
                if case .away = error { return }
            }
            first = (first + 1) % queues.count
            if batch.isFull { return }
        }
    }

    private mutating func answered() {
        if isAway { logger.notice("Redis is back") }
        isAway = false
    }

    private mutating func note(_ error: QueueError, queue: String?) {
        if case .away = error {
            if !isAway { logger.warning("Redis is away", metadata: [LogKey.error: "\(error)"]) }
            isAway = true
        } else if broken.insert(queue ?? "").inserted {
            logger.error(
                "cannot read events", metadata: [LogKey.queue: "\(queue ?? "-")", LogKey.error: "\(error)"])
        }
    }
}
