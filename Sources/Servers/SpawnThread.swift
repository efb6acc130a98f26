import Foundation
import Synchronization

/// The one thread that starts children, and never ends.
///
/// Linux delivers a child's parent-death signal when the *thread* that started it ends, not the process; a thread
/// of a pool may end at any idle moment and would take the server with it.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let orders = Mutex<[Order]>([])
    private let arrived = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                arrived.wait()
                orders.withLock { $0.removeFirst() }.carryOut()
            }
        }
    }

    /// Spawns `command` on the thread and waits for it: the child's pid, or what `posix_spawn` answered.
    func spawn(_ command: Command) throws(ServerError) -> pid_t {
        let order = Order(command: command)
        orders.withLock { $0.append(order) }
        arrived.signal()
        order.done.wait()
        return try order.result.withLock { $0 }.get()
    }

    private final class Order: Sendable {
        let command: Command
        let result: Mutex<Result<pid_t, ServerError>>
        let done = DispatchSemaphore(value: 0)

        init(command: Command) {
            self.command = command
            result = Mutex(.failure(.spawn(program: command.name, reason: "not tried yet")))
        }

        func carryOut() {
            let outcome = command.spawn()
            result.withLock { $0 = outcome }
            done.signal()
        }
    }
}
