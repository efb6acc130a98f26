/// A histogram at one moment, as whoever observes hands it to `/metrics`. Values are in the unit that the name says.
package struct HistogramSnapshot: Sendable {
    package var name: String
    package var help: String
    package var labels: [(name: String, value: String)]
    /// Ascending; `count` is the number of all observations up to `le`. The bucket up to infinity is `count` below.
    package var buckets: [(le: Double, count: UInt64)]
    package var sum: Double
    package var count: UInt64

    package init(
        name: String, help: String, labels: [(name: String, value: String)], buckets: [(le: Double, count: UInt64)],
        sum: Double,
        count: UInt64
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        self.buckets = buckets
        self.sum = sum
        self.count = count
    }
}
