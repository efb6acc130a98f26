import HTTPTypes

@testable import Receiver

/// A request to an endpoint of the API that is right as far as can be known without Redis.
struct Ask: CustomStringConvertible {
    let endpoint: Endpoint
    let method: String
    let path: String
    let body: String

    init(_ endpoint: Endpoint, _ method: HTTPRequest.Method, queue: String = "q", id: String = "x") {
        self.endpoint = endpoint
        self.method = method.rawValue
        path = endpoint.rawValue.replacing("{queue}", with: queue).replacing("{id}", with: id)
        body =
            switch endpoint {
            case .jobs: #"{"type":"t"}"#
            case .move: #"{"delay":0}"#
            case .resolve: #"{"note":"done"}"#
            case .purge: #"{"confirm":"\#(queue)"}"#
            case .settings where method == .patch: #"{"lease":"30s"}"#
            default: ""
            }
    }

    var description: String { "\(method) \(path)" }

    /// Every method of every endpoint that needs a key.
    static let all = Endpoint.allCases.filter { $0.door == .api }.flatMap { endpoint in
        endpoint.methods.map { Ask(endpoint, $0) }
    }
}
