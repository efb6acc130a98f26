import Synchronization

/// The memory that the bodies of all requests together may take. One body has a cap, but a stranger may send many at
/// once, and nobody's signature is known before a body is there.
package final class Budget: Sendable {
    /// What every request may have beyond the budget: nearly all webhooks are smaller, and go on coming while somebody
    /// exhausts the budget.
    static let free = 64 << 10

    private let limit: Int
    private let taken = Mutex(0)

    /// - Parameter limit: bytes; the default lets eight arrays of the largest size in at once.
    package init(limit: Int = 256 << 20) { self.limit = limit }

    /// What one request has taken; given back when the request is over.
    final class Share: Sendable {
        private let budget: Budget
        private let bytes = Mutex(0)

        init(of budget: Budget) { self.budget = budget }

        /// Raises the share to what a body of `size` bytes needs; false when that much is not left.
        func reserve(_ size: Int) -> Bool {
            bytes.withLock { bytes in
                let more = max(0, size - Budget.free) - bytes
                guard more <= 0 || budget.take(more) else { return false }
                bytes += max(0, more)
                return true
            }
        }

        deinit { budget.give(bytes.withLock { $0 }) }
    }

    private func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard taken + bytes <= limit else { return false }
            taken += bytes
            return true
        }
    }

    private func give(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}
