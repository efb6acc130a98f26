import Foundation

/// The few messages of Postgres's protocol that tell whether it serves, and make the database: so that neither
/// libpq nor psql is needed here.
enum PostgresGreeting {
    /// Whether the server lets `penstock` in and waits for a query. While it starts or recovers it refuses.
    static func ready(at socket: String) -> Bool {
        greet(socket, patience: 1) != nil
    }

    /// Creates the database `penstock` where it is missing: a copy of files, which on a busy machine takes seconds.
    static func makeDatabase(at socket: String) throws(ServerError) {
        guard let dialogue = greet(socket, patience: 30), let code = query("CREATE DATABASE penstock", over: dialogue)
        else {
            throw .notReady(
                program: "postgres", reason: "within 30 s it did not make the database, or it closed the connection",
                log: "")
        }
        let duplicate = "42P04"
        guard code.isEmpty || code == duplicate else {
            throw .notReady(program: "postgres", reason: "the database cannot be made (SQLSTATE \(code))", log: "")
        }
    }

    private static func greet(_ socket: String, patience: Int) -> Dialogue? {
        guard let dialogue = Dialogue(.socket(socket), patience: patience) else { return nil }
        let version: [UInt8] = [0, 3, 0, 0]
        let body = version + Array("user\0penstock\0database\0postgres\0\0".utf8)
        guard dialogue.send(length(body.count + 4) + body), untilReady(dialogue)?.isEmpty == true else { return nil }
        return dialogue
    }

    /// The SQLSTATE of the error, empty when there was none, nil when the server has gone.
    private static func query(_ text: String, over dialogue: borrowing Dialogue) -> String? {
        let body = Array(text.utf8) + [0]
        guard dialogue.send([UInt8(ascii: "Q")] + length(body.count + 4) + body) else { return nil }
        return untilReady(dialogue)
    }

    /// Reads messages (type, length, body) up to ReadyForQuery.
    private static func untilReady(_ dialogue: borrowing Dialogue) -> String? {
        var state = ""
        while let head = dialogue.receive(5) {
            let count = head[1...].reduce(0) { $0 << 8 | Int($1) } - 4
            guard count >= 0, count < 1 << 20, let body = dialogue.receive(count) else { return nil }
            switch head[0] {
            case UInt8(ascii: "Z"): return state
            case UInt8(ascii: "E"): state = sqlState(of: body)
            default: continue
            }
        }
        return nil
    }

    /// An error's fields are a letter and a text that ends with a zero; `C` is the code.
    private static func sqlState(of body: [UInt8]) -> String {
        let code = body.split(separator: 0).first { $0.first == UInt8(ascii: "C") }
        return code.map { String(decoding: $0.dropFirst(), as: UTF8.self) } ?? "unknown"
    }

    private static func length(_ count: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }
}
