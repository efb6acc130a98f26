import Redis

extension Queue {
    /// A setting that changed.
    public struct Change: Sendable, Equatable {
        public let name: String
        public let old: String
        public let new: String
    }

    /// Writes settings that everyone obeys, in the words of the function `penstock_configure`: `lease`, `weights`, `policy`,
    /// `fair`, `maxLength`, `maxBytes`, `refuse`, `maxEvents`, `retention`, `record`; limits as `concurrency` and `rate`, also
    /// with `:type:TYPE`, `:key` (each key) or `:key:KEY`; `retries` and `retries:type:TYPE`. Times are milliseconds, rates
    /// `COUNT/PERIOD[/BURST]`. An empty value goes back to the default.
    /// - Returns: what was different before.
    /// - Throws: `QueueError.invalid`, and then nothing is changed; also if one job could have more than two limits.
    public func configure(_ settings: [String: String]) async throws(QueueError) -> [Change] {
        var arguments: [String] = []
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += [name, value] }
        let words = try await call("configure", arguments).strings ?? []
        return stride(from: 0, to: words.count - 2, by: 3).map {
            Change(name: words[$0], old: words[$0 + 1], new: words[$0 + 2])
        }
    }

    /// A setting as it is in force.
    public struct Setting: Sendable, Equatable {
        public let name: String
        public let value: String
        public let standard: String
    }

    /// All settings by name, those at their default too; limits and pauses where there are some. The words are those of
    /// `configure`; `paused`, `paused:type:TYPE` and `draining` have verbs of their own.
    public func settings() async throws(QueueError) -> [Setting] {
        let words = try await call("settings").strings ?? []
        guard words.count % 3 == 0 else { throw .garbled("settings") }
        return stride(from: 0, to: words.count, by: 3).map {
            Setting(name: words[$0], value: words[$0 + 1], standard: words[$0 + 2])
        }
    }

    /// Stops claims of every worker, or only those of one type; what runs goes on.
    public func pause(type: String? = nil) async throws(QueueError) { _ = try await call("pause", Self.words(type)) }

    /// Ends a pause; without a type also a drain.
    public func resume(type: String? = nil) async throws(QueueError) { _ = try await call("resume", Self.words(type)) }

    /// Takes no new jobs until resumed (`QueueError.full`); what is there goes on to its end.
    public func drain() async throws(QueueError) { _ = try await call("drain") }

    private static func words(_ type: String?) -> [String] { type.map { ["type", $0] } ?? [] }
}
