import Foundation
import Functions
import Testing

@testable import Penstock

@Suite struct KeyTests {
    /// Nothing is asked of the server.
    private let store = Result { try Store(url: "unix:///nowhere", logger: .silent) }

    @Test func `a queue tells all keys that the function library spells`() throws {
        let queue = try Queue("staging/github", in: store.get())
        #expect(queue.keys.map(\.name) == Self.names.map { "penstock:{staging/github}:\($0)" })
    }

    /// `NAMES` of `prelude.lua`.
    private static let names: [String] = {
        guard let opening = Library.source.range(of: "local NAMES = {"),
            let end = Library.source[opening.upperBound...].firstIndex(of: "}")
        else { return [] }
        return Library.source[opening.upperBound..<end].split(separator: "'").map(String.init)
            .filter { $0.allSatisfy { $0.isLowercase || $0 == ":" } }
    }()
}
