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
    /// What it says: stderr, and stdout too unless `output` names another file.
    var log: String
    var input = "/dev/null"
    var output: String?
    /// Each `NAME=value`.
    var environment = Command.inherited

    /// - Parameters:
    ///   - name: a program to look for, or the path of one.
    ///   - parentDeath: the signal that Linux sends to the child when this process is killed.
    ///   - account: whom to become; only root can.
    init(
        _ name: String, _ arguments: [String], in folder: Folder, as account: Account? = nil, parentDeath: String
    ) throws(ServerError) {
        self.name = (name as NSString).lastPathComponent
        self.folder = folder.path
        log = "\(folder.path)/\(self.name).log"
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
        // A server that inherits sockets and pipes of ours keeps them open: a port stays taken, a reader waits for an end
        // that does not come.
        #if os(Linux)
            // Glibc has this since 2.34, but shows it only to _GNU_SOURCE.
            typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
            if let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") {
                _ = unsafeBitCast(symbol, to: AddCloseFrom.self)(&actions, 3)
            }
        #else
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let output {
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&actions, 2, 1)
        }

        let argv = arguments.map { strdup($0) } + [nil]
        let environment = environment.map { strdup($0) } + [nil]
        defer { for text in argv + environment { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, argv, environment)
        return code == 0 ? .success(pid) : .failure(.spawn(program: name, reason: String(cString: strerror(code))))
    }

    /// This process's environment without what would turn the server elsewhere (`PGPORT`, `PGDATA`), in the C locale.
    static var inherited: [String] {
        ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("PG") && !$0.key.hasPrefix("LC_") && $0.key != "LANG" }
            .map { "\($0.key)=\($0.value)" } + ["LC_ALL=C"]
    }
}
