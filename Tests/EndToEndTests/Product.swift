import Foundation

/// The executable under test, which the build puts beside the bundle of the tests.
enum Product {
    struct Missing: Error, CustomStringConvertible {
        let places: [String]
        var description: String { "no executable penstock in \(places); build it with swift build --product penstock" }
    }

    static let path = Result { () throws(Missing) -> String in
        let bundles: [String?] =
            [Bundle.main.executablePath, CommandLine.arguments.first] + Bundle.allBundles.map { $0.bundlePath }
        let places = bundles.compactMap { $0.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path } }
        let found = places.map { "\($0)/penstock" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw Missing(places: places) }
        return found
    }
}
