import Hummingbird
import JSON
import NIOCore
import Penstock

extension Response {
    static func json(_ status: HTTPResponse.Status, _ json: JSONText) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: json.buffer))
    }
}

/// What a verb answers: the word of the function library, and what it was about.
struct Answer: Sendable {
    let status: HTTPResponse.Status
    private let members: [(name: String, value: JSONText)]

    init(
        _ word: String, status: HTTPResponse.Status = .ok, id: String? = nil, queue: String,
        more: [(name: String, value: JSONText)] = []
    ) {
        self.status = status
        members =
            (id.map { [("id", .string($0))] } ?? []) + [("queue", .string(queue)), ("answer", .string(word))] + more
    }

    /// 202 when what was sent will run: a new job, or the one that waits with the new payload. 200 for a duplicate, with
    /// the id of the first job.
    init(_ receipt: Receipt, queue: String) {
        self.init(
            receipt.answer.rawValue, status: receipt.isDuplicate ? .ok : .accepted, id: receipt.id, queue: queue,
            more: [("duplicate", .boolean(receipt.isDuplicate))])
    }

    var response: Response { .json(status, .object(members)) }

    /// The same with its `status` inside.
    var element: JSONText { .object([("status", .integer(status.code))] + members) }
}
