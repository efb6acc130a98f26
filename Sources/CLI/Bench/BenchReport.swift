import JSON

/// The figures of one benchmark, each beside its limit.
struct BenchReport: Sendable {
    struct Figure: Sendable {
        let name: String
        let unit: String
        let value: Double
        /// What the figure is held against, measured in the same run.
        let limit: (name: String, value: Double)?

        init(_ name: String, _ unit: String, _ value: Double, of limit: (String, Double)? = nil) {
            self.name = name
            self.unit = unit
            self.value = value
            self.limit = limit
        }

        /// `value` to its limit.
        var ratio: Double? { limit.flatMap { $0.value > 0 ? value / $0.value : nil } }
    }

    let options: BenchOptions
    /// Without credentials.
    let redis: String
    let warnings: [String]
    let figures: [Figure]

    var lines: [String] {
        var table = Table([
            ("FIGURE", .left), ("", .right), ("UNIT", .left), ("RATIO", .right), ("TO", .left), ("", .right),
        ])
        for figure in figures {
            table.add([
                figure.name, Self.text(figure.value), figure.unit, figure.ratio.map { Self.text($0, digits: 2) } ?? "",
                figure.limit?.name ?? "", figure.limit.map { Self.text($0.value) } ?? "",
            ])
        }
        let about =
            "\(options.jobs) jobs of \(options.payload) bytes, concurrency \(options.concurrency), median of \(options.runs), \(redis)"
        return table.lines + ["", about] + warnings
    }

    var json: JSONText {
        .object([
            ("redis", .string(redis)), ("jobs", .integer(options.jobs)), ("payload_bytes", .integer(options.payload)),
            ("concurrency", .integer(options.concurrency)), ("runs", .integer(options.runs)),
            ("warnings", .array(warnings.map { .string($0) })),
            ("figures", .array(figures.map(\.json))),
        ])
    }

    fileprivate static func text(_ value: Double, digits: Int? = nil) -> String {
        value.formatted(.number.precision(.fractionLength(digits ?? (value >= 100 ? 0 : 2))).grouping(.never))
    }
}

extension BenchReport.Figure {
    fileprivate var json: JSONText {
        .object([
            ("name", .string(name)), ("unit", .string(unit)), ("value", .number(value)),
            ("limit", limit.map { .string($0.name) } ?? .null),
            ("limit_value", limit.map { .number($0.value) } ?? .null),
            ("ratio", ratio.map { .number($0) } ?? .null),
        ])
    }
}
