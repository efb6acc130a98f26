import Foundation

/// Where a secret is: `env:NAME` or `file:PATH`. Secrets themselves have no place in a configuration file.
enum Secret {
    /// Why a secret cannot be had. Says where it should be, never what it is.
    struct Fault: Error, Equatable, CustomStringConvertible {
        let description: String
        /// The reference is written well; what it names is not there.
        var isAbsence = true
    }

    /// - Parameter folder: where relative paths begin: the folder of the configuration file.
    static func read(
        _ reference: String, environment: [String: String], folder: String
    ) throws(Fault) -> String {
        if reference.hasPrefix("env:") {
            let name = String(reference.dropFirst(4))
            guard !name.isEmpty else {
                throw Fault(description: "env: names no variable; write env:NAME", isAbsence: false)
            }
            guard let value = environment[name] else {
                throw Fault(description: "the environment variable \(name) is not set; set it to the secret")
            }
            guard !value.isEmpty else {
                throw Fault(description: "the environment variable \(name) is empty; set it to the secret")
            }
            return value
        }
        if reference.hasPrefix("file:") {
            return try read(file: String(reference.dropFirst(5)), folder: folder)
        }
        throw Fault(
            description: "is neither env:NAME nor file:PATH; put the secret in a variable or a file and name that here",
            isAbsence: false)
    }

    private static func read(file path: String, folder: String) throws(Fault) -> String {
        guard !path.isEmpty else { throw Fault(description: "file: names no file; write file:PATH", isAbsence: false) }
        let url = URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: folder, isDirectory: true))
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            let reason = FileReason.text(error)
            throw Fault(description: "the file \(url.path) cannot be read (\(reason)); write the secret into it")
        }
        guard var text = String(validating: data, as: UTF8.self) else {
            throw Fault(description: "the file \(url.path) is no text in UTF-8; write the secret into it")
        }
        // Editors and `echo` end a file with a newline that nobody means.
        while let last = text.last, last.isNewline { text.removeLast() }
        guard !text.isEmpty else {
            throw Fault(description: "the file \(url.path) is empty; write the secret into it")
        }
        return text
    }
}

/// Why a file cannot be read, in the words of the system and without Foundation's sentence around them.
enum FileReason {
    static func text(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(cause.code))) }
        return switch CocoaError.Code(rawValue: error.code) {
        case .fileReadNoSuchFile, .fileNoSuchFile: "No such file or directory"
        case .fileReadNoPermission: "Permission denied"
        default: error.localizedDescription
        }
    }
}
