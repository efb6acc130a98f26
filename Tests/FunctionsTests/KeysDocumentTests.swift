import Functions
import Redis
import Testing

/// `docs/keys.md` is what the functions take, keep and answer.
@Suite struct KeysDocumentTests {
    private static let lab = Lab()
    private let document: Document
    private let queue: TestQueue

    init() async throws {
        document = try Document("keys.md")
        queue = try await Self.lab.queue()
    }

    private func column(_ name: String, of heading: String) throws -> [String] {
        try document.table(heading).compactMap { $0[name] }
    }

    @Test func `the keys are those that the library spells, each of its type`() async throws {
        let rows = try document.table("Keys of a queue")
        #expect(rows.compactMap { $0["key"] } == LibraryText.words(of: "NAMES"))
        let seen = try await Tour(queue).taken()
        let types = Dictionary(
            rows.map { (queue.key($0["key"] ?? ""), $0["type"] ?? "") }, uniquingKeysWith: { first, _ in first })
        #expect(seen.types == types)
        #expect(try seen.stats == Set(column("field", of: "Stats")))
        let others = try column("field", of: "Other fields of config")
        let settings = try Set(column("setting", of: "Settings") + others)
        #expect(seen.config.map(Tour.placeholder).allSatisfy(settings.contains), "\(seen.config)")
        #expect(Set(others).isSubset(of: seen.config.map(Tour.placeholder)))
    }

    @Test func `the fields of the header are those that the library reads, each of its kind`() throws {
        let rows = try document.table("Header").map { ($0["field"] ?? "", $0["kind"] ?? "") }
        #expect(Dictionary(rows, uniquingKeysWith: { first, _ in first }) == LibraryText.pairs(of: "KINDS"))
    }

    @Test func `the options of an enqueue are those that it takes`() async throws {
        let rows = try document.table("Options of an enqueue")
        #expect(Set(rows.compactMap { $0["option"] }) == LibraryText.keys(of: "OPTIONS"))
        for row in rows {
            let name = row["option"] ?? ""
            let words = (row["example"] ?? "").split(separator: " ").filter { $0 != "+" }.map(String.init)
            let queue = try await Self.lab.queue()
            #expect(try await queue.refusal("enqueue", ["t", "{}", name] + words) == nil, "\(name)")
            let wrong = [row["wrong"] ?? ""] + words.dropFirst()
            #expect(try await queue.refusal("enqueue", ["t", "{}", name] + wrong) == "INVALID", "\(name)")
        }
        #expect(try await queue.refusal("enqueue", ["t", "{}", "colour", "red"]) == "INVALID")
    }

    @Test func `the settings are those that configure takes, with their defaults`() async throws {
        let rows = try document.table("Settings")
        let scopes = ["", ":type:TYPE", ":key", ":key:KEY"]
        let limits =
            ["concurrency", "rate"].flatMap { kind in scopes.map { kind + $0 } } + ["retries", "retries:type:TYPE"]
        #expect(Set(rows.compactMap { $0["setting"] }) == LibraryText.keys(of: "SETTINGS").union(limits))
        for row in rows {
            let (name, value) = (row["setting"] ?? "", row["example"] ?? "")
            let queue = try await Self.lab.queue()
            #expect(try await queue.call("configure", name, value) == [name, row["default"] ?? "", value])
            #expect(try await queue.refusal("configure", [name, row["wrong"] ?? ""]) == "INVALID", "\(name)")
        }
        for name in ["colour", "retries:key:KEY", "weights:type:TYPE", "paused", "limits"] {
            #expect(try await queue.refusal("configure", [name, "1"]) == "INVALID", "\(name)")
        }
    }

    @Test func `the functions are those of the server, with their flags`() async throws {
        let flags = try document.table("Functions").map { row in
            let read = row["reads only"] == "yes" ? ["no-writes"] : []
            return (row["function"] ?? "", Set(read + (row["when Redis is full"] == "works" ? ["allow-oom"] : [])))
        }
        let functions = try await queue.functions()
        #expect(Dictionary(flags, uniquingKeysWith: { first, _ in first }) == functions)
    }

    @Test func `the errors are those that the library answers`() async throws {
        let codes = LibraryText.matches(of: /fail\('([A-Z]+)'/).union(LibraryText.matches(of: #/return '([A-Z]{3,}) /#))
        #expect(try Set(column("code", of: "Error codes")) == codes)
        for row in try document.table("Functions") {
            let errors = row.list("errors")
            #expect(codes.isSuperset(of: errors))
            // Whoever takes arguments refuses those that it cannot read, if the document says so, and answers else.
            let answer = try await queue.refusal(row["function"] ?? "", ["", "\u{1}", "x"])
            #expect(
                errors.contains("INVALID") || errors.contains("UNKNOWN") ? errors.contains(answer ?? "") : answer == nil
            )
        }
    }

    @Test func `the findings are those of the check`() throws {
        let found = LibraryText.matches(of: /check\.found\('(\w+)'/)
        #expect(try Set(column("code", of: "Findings")) == found)
    }
}
