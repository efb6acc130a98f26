/// A JSON value. Numbers keep their text, so that none is rounded on the way through.
enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The member of an object, if it has one that is not null.
    subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self, let member = members[name], member != .null else { return nil }
        return member
    }

    /// The first element of an array.
    var first: JSON? {
        guard case .array(let elements) = self else { return nil }
        return elements.first
    }

    /// The text of a string that is not empty.
    var string: String? {
        guard case .string(let text) = self, !text.isEmpty else { return nil }
        return text
    }

    /// The value if it is a number.
    var number: JSON? {
        guard case .number = self else { return nil }
        return self
    }

    /// The value if it is an object.
    var object: JSON? {
        guard case .object = self else { return nil }
        return self
    }
}
