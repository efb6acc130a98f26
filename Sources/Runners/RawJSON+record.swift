import JSON

extension RawJSON {
    /// The member of an object, if it has one that is not null.
    subscript(_ name: String) -> RawJSON? {
        guard let member = value(at: [name]), member.kind != .null else { return nil }
        return member
    }

    /// The text of a string that is not empty. Broken characters are mended: a webhook with one bad byte in a commit
    /// message is still an activity.
    var text: String? {
        guard let text = mendedString, !text.isEmpty else { return nil }
        return text
    }

    /// A string, a number as it was written, or a boolean; null for other kinds. The record has nothing else.
    var scalar: JSONText {
        switch kind {
        case .string: JSONText(mendedString?.storable)
        case .number, .boolean: .raw(bytes)
        case .object, .array, .null: .null
        }
    }
}
