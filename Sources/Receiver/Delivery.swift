import HTTPTypes

/// What GitHub says about a delivery in its headers.
struct Delivery {
    /// How long a redelivery is recognised: as long as GitHub offers one, three days.
    static let window = Duration.seconds(72 * 3600)

    let event: String
    let id: String
    /// What the job keeps: `x-github-*` and `content-type`. Signatures are in `x-hub-*`, credentials in `authorization`
    /// and `cookie`; a list of what is kept lets none of them through.
    let headers: [String: String]

    /// - Throws: `Problem` 400 when event or delivery are missing or cannot be names.
    init(_ fields: HTTPFields) throws(Problem) {
        event = try Self.name("X-GitHub-Event", in: fields, limit: 256)
        id = try Self.name("X-GitHub-Delivery", in: fields, limit: 128)
        var kept: [String: String] = [:]
        for field in fields {
            let name = field.name.canonicalName
            guard name.hasPrefix("x-github-") || name == "content-type" else { continue }
            kept[name] = kept[name].map { "\($0), \(field.value)" } ?? field.value
        }
        headers = kept
    }

    private static func name(_ header: String, in fields: HTTPFields, limit: Int) throws(Problem) -> String {
        let values = fields.filter { $0.name.canonicalName == header.lowercased() }.map(\.value)
        guard let value = values.first, values.count == 1, !value.isEmpty else {
            throw Problem(.badRequest, "the header \(header) is missing, empty or repeated; send it once with a value")
        }
        guard value.utf8.count <= limit, value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(
                .badRequest,
                "the header \(header) is no name; send up to \(limit) printable ASCII characters without spaces")
        }
        return value
    }
}
