import Penstock

/// Reads the backlogs of all known queues.
struct Depths: Sendable {
    let store: Store
    /// Read also when nobody has made them known yet.
    let queues: [String]

    /// The backlogs in alphabetical order.
    func read(within limit: Duration) async -> Result<[Backlog], QueueError> {
        let answer = await Receiver.within(limit) { () async -> Result<[Backlog], QueueError> in
            do throws(QueueError) { return .success(try await all()) } catch { return .failure(error) }
        }
        return answer ?? .failure(.away("Redis did not answer within \(limit)", maybeExecuted: false))
    }

    private func all() async throws(QueueError) -> [Backlog] {
        let names = Set(queues).union(try await store.queues()).filter(Queue.isValid).sorted()
        // Side by side: the commands leave in one write, so many queues cost one round trip.
        let results = await withTaskGroup(of: (String, Result<Backlog, QueueError>).self) { group in
            for name in names {
                group.addTask {
                    do throws(QueueError) {
                        return (name, .success(try await Queue(name, in: store).backlog()))
                    } catch {
                        return (name, .failure(error))
                    }
                }
            }
            var results: [String: Result<Backlog, QueueError>] = [:]
            for await (name, result) in group { results[name] = result }
            return results
        }
        var backlogs: [Backlog] = []
        for name in names {
            guard let result = results[name] else { continue }
            backlogs.append(try result.get())
        }
        return backlogs
    }
}
