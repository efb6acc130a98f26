import Hummingbird
import JSON
import Penstock

/// The verbs for one job. A job in a state that a verb is not for is 409, an id that nobody has 404.
extension API {
    /// `GET …/jobs/{id}/why`: one sentence.
    func why(_ id: String, in queue: Queue) async throws(Problem) -> Response {
        let sentence = try await ask(queue) { queue async throws(QueueError) in try await queue.why(id) }
        return .json(.ok, .object([("id", .string(id)), ("queue", .string(queue.name)), ("why", .string(sentence))]))
    }

    /// 202 for a job that runs: its worker has yet to hear of it.
    func cancel(_ id: String, in queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let answer = try await ask(queue) { queue async throws(QueueError) in try await queue.cancel(id) }
        let status: HTTPResponse.Status = answer == .cancelling ? .accepted : .ok
        return Answer(answer.rawValue, status: status, id: id, queue: queue.name).response
    }

    /// To another level or time, or to another queue.
    func move(_ id: String, in queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let priority = try form.priority("priority")
        let delay = try form.duration("delay", from: 0)
        guard let name = try form.printable("queue", limit: 128) else {
            guard priority != nil || delay != nil else {
                throw Problem(.badRequest, "neither priority nor delay nor queue is given; say where the job is to go")
            }
            try await ask(queue) { queue async throws(QueueError) in
                try await queue.move(id, priority: priority, delay: delay)
            }
            return Answer("moved", id: id, queue: queue.name).response
        }
        guard priority == nil, delay == nil else {
            throw Problem(
                .badRequest,
                "queue is given with priority or delay; a job that goes to another queue keeps both, so move it twice")
        }
        let target = try self.queue(name)
        guard target.name != queue.name else {
            throw Problem(.badRequest, "job \(id) is in queue \(name) already; name another queue")
        }
        let receipt = try await ask(queue) { queue async throws(QueueError) in try await queue.move(id, to: target) }
        if receipt.isDuplicate { return Answer(receipt, queue: target.name).response }
        return Answer("moved", id: id, queue: target.name).response
    }

    /// A duplicate is no refusal, as with an enqueue: the letter stays, and the answer names the job that has its key.
    func requeue(_ id: String, in queue: Queue, _ form: Form) async throws(Problem) -> Response {
        let delay = try form.duration("delay", from: 0)
        let receipt = try await ask(queue) { queue async throws(QueueError) in
            try await queue.requeue(id, delay: delay)
        }
        return Answer(receipt, queue: queue.name).response
    }

    func resolve(_ id: String, in queue: Queue, _ form: Form) async throws(Problem) -> Response {
        guard let note = try form.text("note", limit: 1000) else {
            throw Form.mistake("note", "given: what was done about the job, 1 to 1000 bytes")
        }
        try await ask(queue) { queue async throws(QueueError) in try await queue.resolve(id, note: note) }
        return Answer("resolved", id: id, queue: queue.name).response
    }
}
