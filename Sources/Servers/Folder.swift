import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder of one server: its data, its log, its socket.
struct Folder: Sendable {
    let path: String

    /// - Parameter path: made absolute, because the server runs with this folder as its own.
    init(_ path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// Makes the folder, for the eyes of its owner only.
    func make(for account: Account? = nil) throws(ServerError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .folder(path: path, reason: error.localizedDescription)
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            // In /tmp a stranger may have put a link where the folder is to be.
            throw .folder(path: path, reason: "it is no folder")
        }
        if let account, chown(path, account.user, account.group) != 0 {
            throw .folder(path: path, reason: String(cString: strerror(errno)))
        }
        guard chmod(path, 0o700) == 0 else { throw .folder(path: path, reason: String(cString: strerror(errno))) }
    }

    func write(_ text: String, to file: String) throws(ServerError) {
        do {
            try "\(text)\n".write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
        } catch {
            throw .folder(path: path, reason: error.localizedDescription)
        }
    }

    /// Where the sockets live: here, or, when a path in here would pass the 107 bytes that a unix socket's address
    /// may have, in a short folder in /tmp whose name is made from this one.
    var sockets: Folder {
        guard path.utf8.count > 80 else { return self }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a: the same name in every run, which Hasher is not
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Folder("/tmp/penstock-\(geteuid())-\(String(hash, radix: 36))")
    }
}
