import Functions
import Logging
import Redis

/// Puts the function library on a server that has none or an older one, and never replaces a newer one.
enum LibraryLoader {
    /// Looks and loads in one step: a change between the two makes `EXEC` answer nil, and it looks again.
    static func load(on connection: Connection, logger: Logger) async throws(RedisError) {
        for _ in 0..<20 {
            let looked = try await connection.send([
                Command("WATCH", "penstock:library"), Command("FUNCTION", "LIST", "LIBRARYNAME", Library.name),
            ])
            if case .error(let error) = looked[1] { throw error }
            let found = version(in: looked[1])
            if let found, found.number >= Library.Version.own.number {
                _ = try await connection.send(Command("UNWATCH"))
                guard found.compatible <= Library.Version.own.number else {
                    throw .server(
                        code: "INCOMPATIBLE",
                        message:
                            "the server's function library is version \(found.number), which serves programs from version \(found.compatible) on; this one is version \(Library.Version.own.number): upgrade it"
                    )
                }
                return
            }
            let replies = try await connection.send([
                Command("MULTI"), Command("FUNCTION", "LOAD", "REPLACE", Library.source),
                Command("INCR", "penstock:library"), Command("EXEC"),
            ])
            for reply in replies {
                if case .error(let error) = reply { throw explained(error) }
            }
            guard case .array(let results) = replies[3] else { continue }
            if case .error(let error)? = results.first { throw explained(error) }
            logger.info("loaded the function library", metadata: ["version": "\(Library.Version.own.number)"])
            return
        }
        throw .server(code: "TRYAGAIN", message: "other processes keep loading the function library")
    }

    private static func version(in reply: Reply) -> Library.Version? {
        func value(_ name: String, in pairs: [Reply]) -> Reply? {
            pairs.firstIndex { $0.string == name }.flatMap { $0 + 1 < pairs.count ? pairs[$0 + 1] : nil }
        }
        guard let library = reply.array?.first?.array, let functions = value("functions", in: library)?.array
        else { return nil }
        for function in functions.compactMap(\.array)
        where value("name", in: function)?.string == "penstock_version" {
            return value("description", in: function)?.string.flatMap { Library.Version(description: $0) }
        }
        return nil
    }

    private static func explained(_ error: RedisError) -> RedisError {
        guard case .server(let code, let message) = error, code == "OOM" || code == "EXECABORT" else { return error }
        return .server(
            code: "OOM",
            message: "\(message); Redis is at its maxmemory and takes no function library: raise maxmemory")
    }
}
