/// The media type of a body, as far as the doors care.
enum ContentType {
    /// Whether the header says JSON; parameters, such as a charset, may follow.
    static func isJSON(_ header: String?) -> Bool {
        guard let type = header?.split(separator: ";", omittingEmptySubsequences: false).first else { return false }
        return type.filter { $0 != " " && $0 != "\t" }.lowercased() == "application/json"
    }
}
