import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Who a server runs as. Postgres refuses to run as root, so root runs it as the account that its package made.
struct Account: Sendable, Equatable {
    let name: String
    let user: uid_t
    let group: gid_t

    /// The account for Postgres, or nil when this process is not root and the server runs as oneself.
    static func forPostgres() throws(ServerError) -> Account? {
        guard geteuid() == 0 else { return nil }
        guard let entry = getpwnam("postgres") else { throw .missing(program: "the account postgres") }
        return Account(name: "postgres", user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }

    /// Whether every folder above `path` lets strangers through. A checkout under /root does not.
    static func isReachable(_ path: String) -> Bool {
        var folder = (path as NSString).deletingLastPathComponent
        while true {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
            if folder == "/" || folder.isEmpty { return true }
            folder = (folder as NSString).deletingLastPathComponent
        }
    }
}
