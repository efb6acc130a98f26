import NIOCore

/// The Prometheus text format 0.0.4. Samples of one metric have to stand together under one head, whatever the order in
/// which they are found.
struct Exposition {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String { case counter, gauge, histogram }
    typealias Labels = [(name: String, value: String)]

    private var order: [String] = []
    private var families: [String: ByteBuffer] = [:]

    /// Adds one sample. `help` and `kind` are those of the first sample of a name.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ labels: Labels, _ value: Double) {
        append(name, kind, help) { $0.writeSample(name, labels, value) }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ labels: Labels, _ value: Int) {
        append(name, kind, help) { $0.writeSample(name, labels, String(value)) }
    }

    mutating func add(_ histogram: HistogramSnapshot) {
        append(histogram.name, .histogram, histogram.help) { buffer in
            for bucket in histogram.buckets where bucket.le.isFinite {
                let labels = histogram.labels + [("le", ByteBuffer.text(bucket.le))]
                buffer.writeSample("\(histogram.name)_bucket", labels, String(bucket.count))
            }
            buffer.writeSample("\(histogram.name)_bucket", histogram.labels + [("le", "+Inf")], String(histogram.count))
            buffer.writeSample("\(histogram.name)_sum", histogram.labels, histogram.sum)
            buffer.writeSample("\(histogram.name)_count", histogram.labels, String(histogram.count))
        }
    }

    private mutating func append(_ name: String, _ kind: Kind, _ help: String, _ write: (inout ByteBuffer) -> Void) {
        if families[name] == nil {
            order.append(name)
            let text = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
            families[name] = ByteBuffer(string: "# HELP \(name) \(text)\n# TYPE \(name) \(kind.rawValue)\n")
        }
        write(&families[name, default: ByteBuffer()])
    }

    var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        for name in order { if let family = families[name] { buffer.writeImmutableBuffer(family) } }
        return buffer
    }
}

extension ByteBuffer {
    fileprivate static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value.description
    }

    fileprivate mutating func writeSample(_ name: String, _ labels: Exposition.Labels, _ value: Double) {
        writeSample(name, labels, Self.text(value))
    }

    fileprivate mutating func writeSample(_ name: String, _ labels: Exposition.Labels, _ value: String) {
        writeString(name)
        for (index, label) in labels.enumerated() {
            writeString(index == 0 ? "{" : ",")
            // A label's value may be anything, a job type from a stranger too: these three would end it.
            let text = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
                "\n", with: "\\n")
            writeString("\(label.name)=\"\(text)\"")
        }
        writeString(labels.isEmpty ? " \(value)\n" : "} \(value)\n")
    }
}
