import Foundation
import JSON
import Penstock

/// What a runner outside of this process is told about its job, beside the payload. Each fact has one name, spelled
/// `PENSTOCK_MAX_ATTEMPTS` in an environment and `Penstock-Max-Attempts` in an HTTP request.
struct JobFacts {
    /// Every name in the HTTP spelling, without the prefix.
    static let names = [
        "Job-Id", "Queue", "Type", "Priority", "Key", "Attempt", "Max-Attempts", "Enqueued-At", "Source", "Headers",
    ]

    /// What the job lacks is not there.
    private let values: [String: String]

    init(_ job: Job) {
        var values = [
            "Job-Id": job.id,
            "Queue": job.queue,
            "Type": job.type,
            "Priority": job.priority.name,
            "Attempt": String(job.attempt),
            "Max-Attempts": String(job.maxAttempts),
            // The half microsecond undoes what binary fractions lose, and is below what is written.
            "Enqueued-At": job.enqueuedAt.addingTimeInterval(0.000_000_5).formatted(
                Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            "Headers": Self.json(job.headers),
        ]
        values["Key"] = job.key
        values["Source"] = job.source
        self.values = values
    }

    /// For an environment: nil unsets what our own environment may have under that name.
    var environment: [(name: String, value: String?)] {
        Self.names.map { name in
            let variable = "PENSTOCK_" + name.uppercased().replacing("-", with: "_")
            // U+0000 ends a variable, so it cannot be in one.
            return (variable, values[name]?.replacing("\0", with: ""))
        }
    }

    /// For an HTTP request: control characters would end the line, so they are left out.
    var httpFields: [(name: String, value: String)] {
        Self.names.compactMap { name in
            values[name].map { ("Penstock-\(name)", $0.printable) }
        }
    }

    private static func json(_ headers: [String: String]) -> String {
        JSONText.object(
            headers.sorted { $0.key < $1.key }.map { ($0.key.storable, .string($0.value.storable)) }
        ).text
    }
}

extension String {
    /// Without control characters.
    var printable: String {
        String(UnicodeScalarView(unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }
}
