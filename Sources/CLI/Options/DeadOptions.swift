import ArgumentParser
import Foundation
import Penstock

/// Which dead letters are meant.
struct DeadOptions: ParsableArguments {
    @OptionGroup var part: TypeOption

    @Option(
        help: "Only those whose last error has this text in it, in the same case.",
        transform: { text throws(OptionFault) in try Self.text(text, 1...1024) })
    var error: String?

    @Option(
        help: "Only those that died at this time or later, such as 2030-01-31T12:00:00Z.",
        transform: { text throws(OptionFault) in try Self.date(text) })
    var from: Date?

    @Option(
        help: "Only those that died at this time or before.",
        transform: { text throws(OptionFault) in try Self.date(text) })
    var to: Date?

    var filter: DeadFilter { DeadFilter(type: part.type, error: error, from: from, to: to) }
}
