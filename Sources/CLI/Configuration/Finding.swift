/// Something in a configuration file that a person should change, and where.
struct Finding: Sendable, Equatable {
    let line: Int
    /// The way from the top of the file, such as `routes[1].job`; empty for the file as a whole.
    let path: String
    /// Fact, value and remedy; never a secret.
    let text: String

    /// One line, in the form that editors jump to.
    func description(in file: String) -> String {
        path.isEmpty ? "\(file):\(line): \(text)" : "\(file):\(line): \(path): \(text)"
    }
}

/// Collects findings while a file is read, so that one reading tells them all.
final class Findings {
    private(set) var mistakes: [Finding] = []
    private(set) var warnings: [Finding] = []
    /// The variables that the file takes secrets from.
    var secretVariables: Set<String> = []

    func mistake(_ line: Int, _ path: String, _ text: String) {
        mistakes.append(Finding(line: line, path: path, text: text))
    }

    func warning(_ line: Int, _ path: String, _ text: String) {
        warnings.append(Finding(line: line, path: path, text: text))
    }
}

extension [Finding] {
    /// In the order of the file, a line each.
    func lines(in file: String) -> [String] {
        enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map { $0.element.description(in: file) }
    }
}
