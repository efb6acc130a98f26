import Crypto
import Foundation
import NIOCore

/// A webhook as GitHub sends it: an event, a body, and the body's signature.
struct Delivery: Sendable {
    static let secret = "it is a secret to everybody"
    /// The other one of a rotation.
    static let nextSecret = "it will be a secret"

    let event: String
    let body: ByteBuffer
    /// Where the body comes from.
    let name: String
    let id = UUID().uuidString.lowercased()

    init(event: String, body: ByteBuffer, name: String = "") {
        self.event = event
        self.body = body
        self.name = name
    }

    /// The value of `X-Hub-Signature-256`.
    func signature(by secret: String = Delivery.secret) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: body.readableBytesView, using: SymmetricKey(data: Data(secret.utf8)))
        return "sha256=" + code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Posts it, signed well or, to be refused, otherwise; nil sends no signature.
    func post(to process: PenstockProcess, signature: String?) async throws -> HTTP.Reply {
        var headers = [("Content-Type", "application/json"), ("X-GitHub-Event", event), ("X-GitHub-Delivery", id)]
        if let signature { headers.append(("X-Hub-Signature-256", signature)) }
        return try await HTTP.post("\(process.url)/webhooks/github", headers, body: body)
    }

    func post(to process: PenstockProcess) async throws -> HTTP.Reply {
        try await post(to: process, signature: signature())
    }

    /// The project's own fixtures, and the big collection where it lies beside the checkout; `EVENT/NAME.json`.
    static func all() throws -> [Delivery] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folders = [
            root.appending(path: "Tests/Fixtures/github"),
            root.deletingLastPathComponent().appending(path: "shared/github-payloads"),
        ]
        var found: [Delivery] = []
        for folder in folders {
            let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
            for file in files.sorted() where file.hasSuffix(".json") {
                let data = try Data(contentsOf: folder.appending(path: file))
                let event = (file as NSString).deletingLastPathComponent
                found.append(Delivery(event: event, body: ByteBuffer(bytes: data), name: file))
            }
        }
        return found
    }
}

extension Delivery {
    /// The least that can be delivered.
    static var push: Delivery { Delivery(event: "push", body: ByteBuffer(string: "{}")) }
}
