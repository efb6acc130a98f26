import NIOCore
import Penstock
import Redis

/// One queue of `penstock bench --scale`, and the runs that are going on in it.
struct ScaleLoad {
    let queue: Queue
    let client: Client
    let payload: ByteBuffer
    private var running: [[Reply]] = []

    init(queue: Queue, client: Client, payload: ByteBuffer) {
        self.queue = queue
        self.client = client
        self.payload = payload
    }

    /// - Parameter keys: how many different ones the jobs have, in turn; nil is none.
    func fill(_ count: Int, type: String = BenchLoad.type, keys: Int? = nil) async throws {
        for start in stride(from: 0, to: count, by: 100) {
            try Task.checkCancellation()
            let jobs = (start..<min(count, start + 100)).map { number in
                var job = NewJob(type: type, payload: payload)
                job.key = keys.map { "key-\(number % $0)" }
                return job
            }
            for answer in await queue.enqueue(jobs) { _ = try answer.get() }
        }
    }

    /// Claims until a claim finds nothing that may start: what is left is parked.
    mutating func claimAll() async throws {
        var flag: String?
        repeat {
            try Task.checkCancellation()
            let (runs, found) = try await turn(settling: 0)
            running += runs
            flag = runs.isEmpty ? found : "more"
        } while flag == "more"
    }

    /// Makes `count` jobs that wait for a run of their type, which goes on to the end of the measurement.
    mutating func stop(_ count: Int) async throws {
        try await fill(count, type: "stopped")
        try await claimAll()
        running = []
    }

    /// Claims `count` jobs in turns of 100, each of which settles as many before.
    mutating func claim(_ count: Int) async throws {
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            let settled = min(100, running.count)
            let (runs, flag) = try await turn(settling: settled)
            guard !runs.isEmpty || settled > 0 || flag == "more" else {
                throw Failure.failed(
                    "the benchmark's queue has \(left) jobs too few; report it, this is a mistake of the benchmark")
            }
            running += runs
            left -= runs.count
        }
    }

    private mutating func turn(settling count: Int) async throws -> ([[Reply]], flag: String?) {
        var command = Command("FCALL", "penstock_turn", "1", queue.name, "scale", "100")
        for run in running.prefix(count) { BenchLoad.append(run, startedAt: 0, to: &command) }
        let words = try await client.send(command).array ?? []
        running.removeFirst(count)
        return (BenchLoad.runs(words), words.count > 3 ? words[3].string : nil)
    }

    /// Removes the queue as if it had never been.
    func remove() async throws {
        var command = Command("UNLINK")
        command.append(contentsOf: queue.keys.map(\.name))
        _ = try await client.send(command)
    }
}
