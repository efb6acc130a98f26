import AsyncHTTPClient
import Foundation
import NIOCore

/// Requests to the processes under test.
enum HTTP {
    struct Reply: Sendable {
        let status: Int
        let body: ByteBuffer

        /// The body as a JSON object.
        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) as? [String: Any] ?? [:]
        }
        /// The body as an array of JSON objects.
        var objects: [[String: Any]] {
            (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) as? [[String: Any]] ?? []
        }
    }

    static func get(_ url: String) async throws -> Reply { try await send(HTTPClientRequest(url: url)) }

    static func post(_ url: String, _ headers: [(String, String)] = [], body: ByteBuffer) async throws -> Reply {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(body)
        return try await send(request)
    }

    private static func send(_ request: HTTPClientRequest) async throws -> Reply {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        return Reply(status: Int(response.status.code), body: try await response.body.collect(upTo: 64 << 20))
    }
}
