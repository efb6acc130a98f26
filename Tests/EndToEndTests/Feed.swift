import Foundation
import NIOCore

/// A producer that takes no risk: it sends each job under a unique key until somebody has said that it is there. (Its id alone
/// would be free again once the job has ended.)
struct Feed: Sendable {
    /// Who takes the jobs; while the first is away, the next.
    let processes: [PenstockProcess]
    let queue: String
    let type: String
    /// Over how many concurrency keys, and over the levels, the jobs are spread; 0 gives them none.
    let keys: Int

    init(process: PenstockProcess, queue: String, type: String, keys: Int = 0) {
        self.init(processes: [process], queue: queue, type: type, keys: keys)
    }

    init(processes: [PenstockProcess], queue: String, type: String, keys: Int = 0) {
        self.processes = processes
        self.queue = queue
        self.type = type
        self.keys = keys
    }

    /// Enqueues jobs with the payloads `{"n":…}`, 50 a request.
    func send(_ numbers: Range<Int>) async throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 50) {
            let batch = start..<min(start + 50, numbers.upperBound)
            let jobs = batch.map { number in
                let place = keys > 0 ? #","key":"k\#(number % keys)","priority":\#(number % 4)"# : ""
                return
                    #"{"type":"\#(type)","id":"job-\#(number)","unique":"\#(number)","payload":{"n":\#(number)}\#(place)}"#
            }
            let body = ByteBuffer(string: "[\(jobs.joined(separator: ","))]")
            try await eventually("an answer for every job of \(batch)") { await accepted(body) == batch.count }
        }
    }

    /// How many jobs are there, new or again.
    private func accepted(_ body: ByteBuffer) async -> Int {
        for process in processes {
            guard let reply = try? await HTTP.post("\(process.url)/v1/queues/\(queue)/jobs", body: body) else {
                continue
            }
            return reply.objects.count { [200, 202].contains($0["status"] as? Int) }
        }
        return 0
    }
}
