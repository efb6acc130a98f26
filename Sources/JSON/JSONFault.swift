/// Why a text is no JSON. Names the place, never the text around it: that may be a payload.
package enum JSONFault: Error, Sendable, Equatable, CustomStringConvertible {
    case unexpected(String, at: Int)
    case tooDeep(at: Int)

    package var description: String {
        switch self {
        case .unexpected(let wanted, let offset):
            "the text is no JSON at byte \(offset); \(wanted) is needed there"
        case .tooDeep(let offset):
            "the JSON is nested deeper than \(JSONScanner.maxDepth) at byte \(offset); send it flatter"
        }
    }
}
