import Penstock

/// Which webhooks become which jobs. Of a list of routes the first that matches is taken.
package struct Route: Sendable, Equatable {
    package var source: String
    /// Names in `X-GitHub-Event`; nil takes every event.
    package var events: [String]?
    /// Values of the payload's `action`; nil takes every payload, also one without an action.
    package var actions: [String]?
    package var type: String
    package var queue: String
    package var priority: Priority
    package var key: KeyTemplate?

    package init(
        source: String, events: [String]? = nil, actions: [String]? = nil, type: String, queue: String,
        priority: Priority = .normal, key: KeyTemplate? = nil
    ) {
        self.source = source
        self.events = events
        self.actions = actions
        self.type = type
        self.queue = queue
        self.priority = priority
        self.key = key
    }

    func matches(event: String, action: String?) -> Bool {
        if let events, !events.contains(event) { return false }
        if let actions {
            guard let action, actions.contains(action) else { return false }
        }
        return true
    }
}
