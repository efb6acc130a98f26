import Foundation
import NIOCore

/// A producer that takes no risk: it sends each job under an id of its own until somebody has said that it is there.
struct Feed: Sendable {
    let process: PenstockProcess
    let queue: String
    let type: String

    /// Enqueues jobs with the payloads `{"n":…}`, 50 a request.
    func send(_ numbers: Range<Int>) async throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 50) {
            let batch = start..<min(start + 50, numbers.upperBound)
            let jobs = batch.map { #"{"type":"\#(type)","id":"job-\#($0)","payload":{"n":\#($0)}}"# }
            let body = ByteBuffer(string: "[\(jobs.joined(separator: ","))]")
            try await eventually("an answer for every job of \(batch)") { await accepted(body) == batch.count }
        }
    }

    /// How many jobs are there, new or again.
    private func accepted(_ body: ByteBuffer) async -> Int {
        let reply = try? await HTTP.post("\(process.url)/v1/queues/\(queue)/jobs", body: body)
        return reply?.objects.count { [200, 202].contains($0["status"] as? Int) } ?? 0
    }
}
