import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program to execute, and how a server is to be executed: in its folder, with a process group of its own (Ctrl-C
/// in a terminal is not for it), with no signal blocked or ignored (a test process blocks some), with its output in a log.
struct Command: Sendable {
    let name: String
    let arguments: [String]
    let folder: String
    let log: String

    /// - Parameters:
    ///   - parentDeath: the signal that Linux sends to the child when this process is killed.
    ///   - account: whom to become; only root can.
    init(
        _ name: String, _ arguments: [String], in folder: Folder, as account: Account? = nil, parentDeath: String
    ) throws(ServerError) {
        self.name = name
        self.folder = folder.path
        log = "\(folder.path)/\(name).log"
        // Glibc shows its own way into a folder only to _GNU_SOURCE; a shell that executes the rest goes there too.
        let entry = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder.path]
        let program = [try Program.find(name)] + arguments
        guard let setpriv = try? Program.find("setpriv") else {
            if account != nil { throw .missing(program: "setpriv") }
            self.arguments = entry + program
            return
        }
        // setpriv executes the program in its own place, so its pid is the server's; `su` and `runuser` fork.
        var wrapper = [setpriv, "--pdeathsig", parentDeath]
        if let account {
            wrapper += ["--reuid", account.name, "--regid", account.name, "--init-groups"]
            if !Account.isReachable(folder.path) {
                // Only to pass through folders closed to others; the socket's folder stays closed to all but root.
                wrapper += ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
            }
        }
        self.arguments = entry + wrapper + ["--"] + program
    }

    /// Starts the program. To be called on a thread that never ends.
    func spawn() -> Result<pid_t, ServerError> {
        #if os(Linux)
            var attributes = posix_spawnattr_t()
            var actions = posix_spawn_file_actions_t()
        #else
            var attributes: posix_spawnattr_t?
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        #if !os(Linux)
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        let argv = arguments.map { strdup($0) } + [nil]
        let environment = Self.environment.map { strdup($0) } + [nil]
        defer { for text in argv + environment { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, argv, environment)
        return code == 0 ? .success(pid) : .failure(.spawn(program: name, reason: String(cString: strerror(code))))
    }

    /// This process's environment without what would turn the server elsewhere (`PGPORT`, `PGDATA`), in the C locale.
    private static var environment: [String] {
        ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("PG") && !$0.key.hasPrefix("LC_") && $0.key != "LANG" }
            .map { "\($0.key)=\($0.value)" } + ["LC_ALL=C"]
    }
}
