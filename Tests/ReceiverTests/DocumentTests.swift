import Foundation
import JSON
import NIOCore
import Penstock
import Servers
import Support
import Testing
import Yams

@testable import Receiver

/// `docs/openapi.yaml` says what is served, and all of it.
@Suite struct DocumentTests {
    static let redis = Result { try RedisServer.started(appendOnly: false) }
    static let document = Result { try Document() }

    @Test("Every path and method of the document is served, and every one that is served is in the document")
    func paths() throws {
        let document = try Self.document.get()
        let served = Endpoint.allCases.flatMap { endpoint in
            // HEAD goes without saying wherever GET is; the document says so once.
            endpoint.methods.filter { $0 != .head }.map { "\($0.rawValue) \(endpoint.rawValue)" }
        }
        #expect(Set(document.operations.map(\.name)) == Set(served))
    }

    @Test("Every reference leads somewhere")
    func references() throws {
        let document = try Self.document.get()
        let references = document.references
        #expect(references.count > 50)
        for reference in references { #expect(document.value(at: reference) != nil, "\(reference)") }
    }

    @Test("Fields and words are those of the code")
    func words() throws {
        let document = try Self.document.get()
        func words(_ path: String) -> [String] {
            (document.value(at: "#/components/schemas/\(path)/enum") as? [String]) ?? []
        }
        #expect(document.properties(of: "NewJob") == Set(NewJob.fields))
        #expect(words("NewJob/properties/scope") == NewJob.Scope.allCases.map(\.rawValue))
        #expect(words("NewJob/properties/conflict") == NewJob.Conflict.allCases.map(\.rawValue))
        #expect(words("NewJob/properties/singleton") == NewJob.Singleton.allCases.map(\.rawValue))
        #expect(words("NewJob/properties/late") == NewJob.Late.allCases.map(\.rawValue))
        #expect(words("Job/properties/state") == JobState.allCases.map(\.rawValue))
        #expect(words("Job/properties/priority") == Priority.allCases.map(\.name))
    }

    @Test("Jobs, backlogs, letters and workers have the members that the document names")
    func members() async throws {
        let document = try Self.document.get()
        func names(_ json: RawJSON?) -> Set<String> {
            var names: Set<String> = []
            json?.visitMembers { name, _ in names.insert(name).inserted }
            return names
        }
        try await Venue.open(Venue.Plan(url: try Self.redis.get().url)) { venue in
            let id = try await venue.add()
            try await venue.bury(1)
            let job = try RawJSON(try await venue.api("GET", venue.path("/jobs/\(id)")).body)
            #expect(names(job) == document.properties(of: "Job"))
            let failure = job.value(at: ["failures"])?.elements(upTo: 1)?.first
            #expect(names(failure) == document.properties(at: "Job/properties/failures/items"))
            let backlog = try RawJSON(try await venue.api("GET", venue.path()).body)
            #expect(names(backlog) == document.properties(of: "Backlog"))
            let page = try await venue.api("GET", venue.path("/dead"))
            #expect(names(try RawJSON(page.body)) == document.properties(of: "DeadPage"))
            #expect(
                names(page["letters"]?.elements(upTo: 1)?.first)
                    == document.properties(at: "DeadPage/properties/letters/items"))
            let enqueued = try RawJSON(try await venue.enqueue(#"{"type":"t"}"#).body)
            #expect(names(enqueued) == document.properties(of: "Receipt"))
            for (path, schema) in [("/settings", "Settings"), ("/check", "Check")] {
                let reply = try RawJSON(try await venue.api("GET", venue.path(path)).body)
                #expect(names(reply) == document.properties(of: schema))
            }
            try await venue.work(
                ["t": { _ in .none }],
                during: {
                    let workers = try await venue.api("GET", "/v1/workers")["workers"]?.elements(upTo: 1)
                    #expect(names(workers?.first) == document.properties(of: "Worker"))
                }, until: { $0.waiting == 0 })
        }
    }

    @Test("Every example of a body is one that is understood")
    func examples() async throws {
        let examples = try Self.document.get().operations.flatMap(\.examples)
        #expect(examples.count >= 15)
        // The document's examples are about the queue github.
        let redis = try RedisServer.started(appendOnly: false)
        defer { redis.stop() }
        try await Venue.open(Venue.Plan(url: redis.url)) { venue in
            for example in examples {
                let path = example.path.replacing("{queue}", with: "github").replacing("{id}", with: "x")
                let reply = try await venue.api(example.method, path, body: example.body)
                #expect(reply.status != 400, "\(example.method) \(path) \(example.body): \(reply.text)")
                guard reply.status == 200, let elements = try? RawJSON(reply.body).elements(upTo: 9) else { continue }
                #expect(elements.allSatisfy { $0.value(at: ["status"])?.integer == 202 })
            }
        }
    }
}

/// The document, as far as it can be compared.
struct Document: @unchecked Sendable {
    struct Example {
        let method: String
        let path: String
        let body: String
    }

    struct Operation {
        let name: String
        let examples: [Example]
    }

    /// Dictionaries, arrays and scalars that nobody changes: that is why it may be shared.
    private let root: [String: Any]

    struct Unreadable: Error {}

    init() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let text = try String(contentsOfFile: "\(folder)/../../docs/openapi.yaml", encoding: .utf8)
        guard let root = try Yams.load(yaml: text) as? [String: Any] else { throw Unreadable() }
        self.root = root
    }

    var operations: [Operation] {
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        return (root["paths"] as? [String: [String: Any]] ?? [:]).flatMap { path, item in
            item.filter { methods.contains($0.key) }.map { method, operation in
                let content = Self.value(operation, ["requestBody", "content", "application/json", "examples"])
                let examples = (content as? [String: Any] ?? [:]).values.map { example in
                    let value = (example as? [String: Any])?["value"] ?? ""
                    let data = try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
                    return Example(
                        method: method.uppercased(), path: path, body: String(decoding: data ?? Data(), as: UTF8.self))
                }
                return Operation(name: "\(method.uppercased()) \(path)", examples: examples)
            }
        }
    }

    /// The value that a reference such as `#/components/schemas/Job` names.
    func value(at reference: String) -> Any? {
        Self.value(root, reference.split(separator: "/").dropFirst().map(String.init))
    }

    func properties(of schema: String) -> Set<String> { properties(at: schema) }

    func properties(at path: String) -> Set<String> {
        Set((value(at: "#/components/schemas/\(path)/properties") as? [String: Any] ?? [:]).keys)
    }

    /// All of them, wherever they stand.
    var references: [String] { Self.references(in: root) }

    private static func references(in value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap(references) }
        guard let object = value as? [String: Any] else { return [] }
        return (object["$ref"] as? String).map { [$0] } ?? object.values.flatMap(references)
    }

    private static func value(_ root: Any, _ path: [String]) -> Any? {
        path.reduce(Optional(root)) { value, name in (value as? [String: Any])?[name] }
    }
}
