import Functions
import Redis
import Testing

/// `docs/states.md` is what the functions do: each row of its table is tried on a real job, and none is missing.
@Suite struct StatesDocumentTests {
    private static let lab = Lab(hasManualClock: true)
    private let rows: [Document.Row]
    private let document: Document

    init() throws {
        document = try Document("states.md")
        rows = Self.expanded(try document.table("Transitions"))
    }

    /// The rows with `any` and `the rest` spelled out.
    private static func expanded(_ rows: [Document.Row]) -> [Document.Row] {
        rows.map { row in
            var row = row
            let named = rows.filter { $0["verb"] == row["verb"] }.flatMap { $0.list("job is") }
            switch row["job is"] {
            case "any": row["job is"] = Stage.states.joined(separator: ", ")
            case "the rest": row["job is"] = Stage.states.filter { !named.contains($0) }.joined(separator: ", ")
            default: break
            }
            return row
        }
    }

    @Test("a job in each state becomes by each verb what the document says", arguments: Stage.states)
    func transitions(state: String) async throws {
        for row in rows where row.list("job is").contains(state) {
            let verb = row["verb"] ?? ""
            let deed = try #require(Deed.all[verb], "\(verb) is no verb")
            let found = try await Self.outcome(of: deed, on: state)
            for (column, value) in found { #expect(row[column] == value, "\(verb), \(state): \(column)") }
        }
    }

    @Test func `every verb has a row for every state, and no state two`() {
        #expect(Set(rows.compactMap { $0["verb"] }) == Set(Deed.all.keys))
        for verb in Deed.all.keys {
            let states = rows.filter { $0["verb"] == verb }.flatMap { $0.list("job is") }
            #expect(Set(states).count == states.count, "\(verb)")
            #expect(Set(states).isSubset(of: Stage.states), "\(verb)")
            // Words behind a comma are a circumstance, in which not every job can be.
            #expect(verb.contains(",") || states.count == Stage.states.count, "\(verb)")
        }
    }

    @Test func `every function and every outcome is a verb of the document`() async throws {
        let queue = try await Self.lab.queue()
        let first = Set(
            Deed.all.keys.compactMap { $0.split(whereSeparator: { " ,".contains($0) }).first.map(String.init) })
        let functions = try await queue.functions().keys
        #expect(Set(functions) == first)
        let outcomes = LibraryText.keys(of: "OUTCOMES")
        #expect(!outcomes.isEmpty)
        for outcome in outcomes { #expect(Deed.all["finish \(outcome)"] != nil, "\(outcome)") }
    }

    @Test func `the kinds of events are those that the library writes`() throws {
        let written = LibraryText.matches(of: /record\(q, config(?:Of\(q\))?, '(\w+)'/).union(
            LibraryText.matches(of: /now, '(released|recovered)'/))
        #expect(Set(rows.compactMap { $0["event"] }.filter { !$0.isEmpty }) == written)
        let listed = try document.table("Events").compactMap { $0["kind"] }
        #expect(Set(listed) == written)
    }

    @Test func `the graph has every transition of the table, and no other`() {
        var edges: [String: Set<String>] = [:]
        for row in rows {
            guard let verb = row["verb"], let to = row["then"], !to.isEmpty else { continue }
            for from in row.list("job is") { edges["\(from) --> \(to)", default: []].insert(verb) }
        }
        var drawn: [String: Set<String>] = [:]
        for line in document.block("mermaid") where line.contains("-->") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let verbs = parts.last?.split(separator: "/").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
            drawn[parts[0].trimmingCharacters(in: .whitespaces)] = Set(verbs)
        }
        #expect(drawn == edges)
    }

    /// What the columns of the table say of a deed; an empty word says that nothing changes.
    static func outcome(of deed: Deed, on state: String) async throws -> Document.Row {
        var stage = try await Stage(state, in: lab.queue(), options: deed.options)
        try await deed.before(&stage)
        let before = try await stage.look()
        let answer = try await deed.act(&stage)
        let after = try await stage.look()
        func change<Value: Equatable>(_ value: KeyPath<Stage.Sight, Value>, _ word: (Value) -> String) -> String {
            before[keyPath: value] == after[keyPath: value] ? "" : word(after[keyPath: value])
        }
        func count(_ value: KeyPath<Stage.Sight, Int>) -> String {
            change(value) { $0 == 0 ? "reset" : "+\($0 - before[keyPath: value])" }
        }
        #expect(try await stage.queue.integer("HLEN", stage.queue.key("holds")) == stage.queue.slotsTaken())
        return [
            "answer": answer, "then": change(\.state) { $0 },
            "event": after.events.dropFirst(before.events.count).joined(separator: ", "),
            "attempts": count(\.attempts), "crashes": count(\.crashes),
            "slot": change(\.holdsSlot) { $0 ? "taken" : "free" }, "unique key": change(\.unique) { $0 },
        ]
    }
}

extension TestQueue {
    /// Runs that count under the limits of keys.
    fileprivate func slotsTaken() async throws -> Int {
        try await redis("HVALS", key("slots")).array?.compactMap(\.integer).reduce(0, +) ?? 0
    }
}
