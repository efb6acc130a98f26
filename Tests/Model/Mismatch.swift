/// Redis and the model do not agree.
package struct Mismatch: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

func expect(_ holds: Bool, _ text: @autoclosure () -> String) throws(Mismatch) {
    if !holds { throw Mismatch(text()) }
}

func expect<Value: Equatable>(_ seen: Value, is wanted: Value, _ what: @autoclosure () -> String) throws(Mismatch) {
    if seen != wanted { throw Mismatch("\(what()): Redis says \(seen), the model \(wanted)") }
}
