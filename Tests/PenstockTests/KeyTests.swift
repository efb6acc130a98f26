import Foundation
import Functions
import Support
import Testing

@testable import Penstock

@Suite struct KeyTests {
    /// Nothing is asked of the server.
    private let store = Result { try Store(url: "unix:///nowhere", logger: .silent) }

    @Test func `a queue tells all keys that the function library spells`() throws {
        let queue = try Queue("staging/github", in: store.get())
        #expect(queue.keys.map(\.name) == Self.names.map { "penstock:{staging/github}:\($0)" })
    }

    @Test func `the types of keys are those of the document, in its order`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let text = try String(contentsOf: root.appending(path: "docs/keys.md"), encoding: .utf8)
        let rows = text.matches(of: #/\n\| `([a-z:]+)` +\| (stream|hash|zset) /#)
        #expect(rows.count >= Self.names.count)
        let keys = try Queue("q", in: store.get()).keys
        for (row, key) in zip(rows, keys) {
            #expect(key.name == "penstock:{q}:\(row.output.1)" && key.type == row.output.2)
        }
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
