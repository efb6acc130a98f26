import Hummingbird
import JSON
import NIOCore
import Penstock

extension API {
    /// `POST /v1/queues/{queue}/jobs`: one job, or an array of them with an answer for each.
    func enqueue(_ request: Request, into queue: Queue, share: Budget.Share) async throws(Problem) -> Response {
        let body = try await Body.read(request, upTo: Self.maxBody, share: share)
        let json: RawJSON
        do throws(JSONFault) { json = try RawJSON(body) } catch { throw Problem(.badRequest, error.description) }
        guard let elements = json.elements(upTo: Self.maxJobs + 1) else {
            let job = try NewJob(json, maxPayload: maxPayload)
            let answer = try await enqueue([.success(job)], into: queue, patience: patience)[0].get()
            return answer.response
        }
        guard elements.count <= Self.maxJobs else {
            throw Problem(.contentTooLarge, "the array has more than \(Self.maxJobs) jobs; send it in parts")
        }
        let forms = elements.map { element -> Result<NewJob, Problem> in
            do throws(Problem) { return .success(try NewJob(element, maxPayload: maxPayload)) } catch {
                return .failure(error)
            }
        }
        let answers = await enqueue(forms, into: queue, patience: max(patience, patienceForMany))
        return .json(
            .ok,
            .array(
                answers.map { answer in
                    switch answer {
                    case .success(let answer): answer.element
                    case .failure(let problem): problem.json
                    }
                }))
    }

    /// Sends what is right and gives each its answer; what is wrong keeps its problem.
    private func enqueue(
        _ forms: [Result<NewJob, Problem>], into queue: Queue, patience: Duration
    ) async -> [Result<Answer, Problem>] {
        let jobs = forms.compactMap { try? $0.get() }
        var outcomes: ArraySlice<Result<Receipt, QueueError>> = []
        if !jobs.isEmpty {
            let mark = memoryMark
            outcomes =
                (await within(patience) {
                    if await mark.isPassed() { return jobs.map { _ in .failure(MemoryMark.refusal) } }
                    return await queue.enqueue(jobs)
                } ?? [])[...]
            if outcomes.contains(where: { (try? $0.get()) != nil }) { await register(queue) }
        }
        if let error = outcomes.lazy.compactMap(\.trouble).first {
            logger.warning(
                "Job could not be enqueued", metadata: [LogKey.queue: "\(queue.name)", LogKey.error: "\(error)"])
        }
        return forms.map { form in
            if case .failure(let problem) = form { return .failure(problem) }
            switch outcomes.popFirst() {
            case .success(let receipt)?: return .success(Answer(receipt, queue: queue.name))
            case .failure(let error)?: return .failure(.notEnqueued(error))
            case nil: return .failure(.late)
            }
        }
    }
}

extension Result where Success == Receipt, Failure == QueueError {
    fileprivate var trouble: QueueError? {
        if case .failure(let error) = self, error.isTrouble { error } else { nil }
    }
}
