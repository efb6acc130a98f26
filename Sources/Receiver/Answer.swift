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

/// The answer to one enqueue, on its own or as an element of an array.
struct Answer: Sendable {
    let status: HTTPResponse.Status
    private let members: [(name: String, value: JSONText)]

    /// 202 for a new job; 200 for a duplicate, with the id of the first job.
    init(_ receipt: Receipt, queue: String) {
        status = receipt.isDuplicate ? .ok : .accepted
        members = [
            ("id", .string(receipt.id)), ("queue", .string(queue)), ("duplicate", .boolean(receipt.isDuplicate)),
        ]
    }

    var response: Response { .json(status, .object(members)) }

    /// The same with its `status` inside.
    var element: JSONText { .object([("status", .integer(status.code))] + members) }
}
