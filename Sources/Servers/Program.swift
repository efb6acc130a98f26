import Foundation

/// Finds the programs of servers that distributions like to keep off the PATH.
enum Program {
    /// The path of `name`, from the preferred folders, then from PATH; a path is its own.
    static func find(_ name: String) throws(ServerError) -> String {
        if name.contains("/") { return name }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(
            String.init)
        for folder in postgresFolders + path + brewFolders {
            let candidate = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw .missing(program: name)
    }

    /// Debian's versioned folders come before PATH, newest first: a copy of `postgres` elsewhere may not find its
    /// `share` folder, and `initdb` must be of the same version as `postgres`.
    private static let postgresFolders: [String] = {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
        return versions.sorted(by: >).map { "\(root)/\($0)/bin" }
    }()

    /// Homebrew links its versioned Postgres nowhere, so its own folders are named.
    private static let brewFolders = ["/opt/homebrew", "/usr/local"].flatMap { prefix in
        ["\(prefix)/bin"] + [18, 17, 16, 15, 14].map { "\(prefix)/opt/postgresql@\($0)/bin" }
    }
}
