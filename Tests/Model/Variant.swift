import Foundation
import Functions

/// The function library with a clock that a test sets, and, to prove that the model sees anything, with a mechanism taken out.
package struct Variant: Sendable, CustomStringConvertible {
    package let description: String
    let source: String

    static let clockKey = "penstock:clock"
    /// Later than the server's own clock, as entries with ids by that must come before those by this one.
    static let start = 2_000_000_000_000

    package static let sound = Variant("the library", replacing: [])

    /// The library as the files of a folder are now, so that it can be changed without a build.
    package init(folder: String) throws {
        let list = try String(contentsOfFile: "\(folder)/Library.swift", encoding: .utf8)
        let files = list.components(separatedBy: "PackageResources.").dropFirst().map { $0.prefix { $0 != "_" } }
        let texts = try files.map { try String(contentsOfFile: "\(folder)/\($0).lua", encoding: .utf8) }
        // The last files are blocks of their own, as the list says.
        let names = list.components(separatedBy: "let blocks")
        let base = names[0].components(separatedBy: "PackageResources.").count - 1
        let source = texts[..<base].joined(separator: "\n") + texts[base...].map { "\ndo\n\($0)end\n" }.joined()
        self.init(folder, of: "#!lua name=penstock\n" + source, replacing: [])
    }

    /// Each of these must be found.
    package static let planted = [
        Variant("slots are not given back", replacing: [("giveSlots(q, config, runs[i], held[i])\n", "\n")]),
        Variant(
            "recovery keeps slots", replacing: [("    giveSlots(q, config, name, heldBy(q, { name })[1])\n", "\n")]),
        Variant(
            "a dead job keeps its unique key",
            replacing: [
                ("freeUnique(q, h, id, now, false)\n  noteError", "noteError")
            ]),
        Variant(
            "a cancelled job keeps its unique key",
            replacing: [
                ("freeUnique(q, h, id, now, false)\n  h.cancel", "h.cancel")
            ]),
        Variant(
            "a claim does not look whether an entry is valid",
            replacing: [
                ("if h.entry ~= entry or streamOf(h) ~= stream then return true end", "")
            ]),
        Variant(
            "a zombie may settle",
            replacing: [
                ("h.entry == o.entry and streamOf(h) == o.level and o.entry:sub(-#o.n - 1) == '-' .. o.n", "true"),
                (
                    "if fits and redis.call('XACK', q[o.level], GROUP, o.entry) == 1 then",
                    "redis.call('XACK', q[o.level], GROUP, o.entry) if fits then"
                ),
            ]),
        Variant(
            "nobody opens the next lane", replacing: [("if config.hasStalled then openNext(q, config, name) end", "")]),
        Variant(
            "a claim does not ask limits",
            replacing: [
                ("if limits then blocked, wait = blockedBy(q, limits, claim.now) end", "")
            ]),
        Variant(
            "a job loses its level",
            replacing: [
                (
                    "leave(h)\n  h.parked, h.place, h.runAt = nil",
                    "leave(h)\n  h.priority = nil\n  h.parked, h.place, h.runAt = nil"
                )
            ]),
    ]

    /// Each text must be there once: a test of a mechanism that has another spelling now would test nothing.
    init(_ description: String, of library: String = Library.source, replacing: [(String, String)]) {
        self.description = description
        let clock = """
            local function clock()
              local t = redis.call('TIME')
              return t[1] * 1000 + math.floor(t[2] / 1000)
            end
            """
        var source = library
        for (text, other) in [
            (clock, "local function clock() return tonumber(redis.call('GET', '\(Self.clockKey)')) end")
        ] + replacing {
            precondition(source.components(separatedBy: text).count == 2, "the library has no single \(text)")
            source = source.replacingOccurrences(of: text, with: other)
        }
        self.source = source
    }
}
