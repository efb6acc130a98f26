import Dispatch
import Foundation
import Penstock

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes what handlers did into a file that also a killed process leaves behind: one `write` a line, and nothing is held back.
final class Trace: Sendable {
    private let file: Int32

    struct Unwritable: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "the trace \(path) cannot be written: \(reason)" }
    }

    init(path: String) throws(Unwritable) {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw Unwritable(path: path, reason: String(cString: strerror(errno))) }
        // What time this process believes it is.
        append("clock \(Int(Date().timeIntervalSince1970))")
    }

    func note(_ moment: TraceLine.Moment, _ job: Job, worker: Int) {
        let line = TraceLine(
            moment, at: Self.now, id: job.id, key: job.key ?? "", level: job.priority.name, type: job.type,
            worker: worker)
        append(line.text)
    }

    /// With O_APPEND a write of a few bytes is never mixed with another's.
    private func append(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(file, bytes, bytes.count)
    }

    /// CLOCK_MONOTONIC on Linux: it counts from the start of the machine, in every process the same.
    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }
}
