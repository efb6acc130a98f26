import Foundation

/// The executables under test, which the build puts beside the bundle of the tests.
enum Product {
    struct Missing: Error, CustomStringConvertible {
        let name: String
        let places: [String]
        var description: String { "no executable \(name) in \(places); build it with swift build --product \(name)" }
    }

    static let path = Result { () throws(Missing) -> String in try path(of: "penstock") }

    static func path(of name: String) throws(Missing) -> String {
        let bundles: [String?] =
            [Bundle.main.executablePath, CommandLine.arguments.first] + Bundle.allBundles.map { $0.bundlePath }
        let places = bundles.compactMap { $0.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path } }
        let found = places.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw Missing(name: name, places: places) }
        return found
    }
}
