import Foundation
import Synchronization

/// A Postgres of this process's own, on a unix socket only, with a database and a superuser `penstock`. Who can reach
/// the socket's folder needs no password: it is closed to all but its owner. The methods block their thread.
package final class PostgresServer: Sendable {
    /// libpq's form; psql takes it too.
    package let url: String

    private let folder: Folder
    private let durable: Bool
    private let process = Mutex<ServerProcess?>(nil)

    /// - Parameters:
    ///   - directory: the server's own folder, made when it is missing; a later server in it finds the same data.
    ///   - durable: false saves the waiting for the disk: what a killed server has committed survives, what a
    ///     machine that loses its power has committed may not. For tests.
    package init(directory: String, durable: Bool = true) {
        folder = Folder(directory)
        self.durable = durable
        let host = folder.sockets.path.addingPercentEncoding(withAllowedCharacters: .urlHostAllowed) ?? ""
        // The port is only the socket's name; said, because PGPORT would change it.
        url = "postgresql:///penstock?host=\(host)&port=5432&user=penstock"
    }

    /// The pid of the running postmaster, or nil.
    package var pid: Int32? { process.withLock { $0.flatMap { $0.hasEnded ? nil : $0.pid } } }

    /// Starts the server, on first use after making its cluster and database, and returns when it answers queries,
    /// within 30 s. The file `url` in its folder then says, for scripts, where it listens. A server that already runs
    /// is left alone.
    package func start() throws(ServerError) {
        if pid != nil { return }
        let account = try Account.forPostgres()
        try folder.make(for: account)
        try folder.sockets.make(for: account)
        if Dialogue(.socket(socketPath)) != nil {
            let file = ServerProcess.pidFile(of: "postgres", in: folder.path)
            let owner = try? String(contentsOfFile: file, encoding: .utf8)
            throw .taken(
                program: "postgres", address: socketPath, pid: owner?.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        try makeCluster(as: account)
        let deadline = Deadline(seconds: 30)
        while true {
            let started = try ServerProcess(
                Command("postgres", options, in: folder, as: account, parentDeath: "QUIT"), quickEnd: SIGQUIT)
            process.withLock { $0 = started }
            do {
                try started.waitUntilReady(seconds: 30) { PostgresGreeting.ready(at: socketPath) }
                break
            } catch {
                // The children of a killed postmaster hold its memory until each has noticed.
                guard started.logTail.contains("shared memory block"), !deadline.hasPassed else { throw error }
                usleep(50_000)
            }
        }
        try PostgresGreeting.makeDatabase(at: socketPath)
        try folder.write(url, to: "url")
    }

    /// SIGKILL, as a crash would; returns when the process is gone. `start` then recovers what was committed.
    package func kill() { process.withLock { $0 }?.end(SIGKILL, seconds: 10) }

    /// Fast shutdown (SIGINT): breaks open transactions off; returns when the process is gone, after 10 s by SIGKILL.
    package func stop() { process.withLock { $0 }?.end(SIGINT, seconds: 10) }

    /// Stops the postmaster and its backends in mid-air (SIGSTOP): connections stay open and nothing is answered. (On
    /// macOS the postmaster alone: open connections go on, new ones wait.)
    package func suspend() { process.withLock { $0 }?.signalFamily(SIGSTOP) }

    /// Lets a suspended server go on.
    package func resume() { process.withLock { $0 }?.signalFamily(SIGCONT) }

    private var socketPath: String { "\(folder.sockets.path)/.s.PGSQL.5432" }

    private var options: [String] {
        let settings =
            ["listen_addresses=", "shared_buffers=16MB", "max_connections=50", "unix_socket_permissions=0700"]
            + (durable ? [] : ["fsync=off", "full_page_writes=off"])
        return ["-D", "\(folder.path)/data", "-k", folder.sockets.path, "-p", "5432"] + settings.flatMap { ["-c", $0] }
    }

    /// initdb into a folder of another name, moved when it is whole: an interrupted one is begun again.
    private func makeCluster(as account: Account?) throws(ServerError) {
        let files = FileManager.default
        if files.fileExists(atPath: "\(folder.path)/data/PG_VERSION") { return }
        let draft = "\(folder.path)/data.new"
        try? files.removeItem(atPath: draft)
        let arguments =
            ["-D", draft, "-U", "penstock", "-A", "trust", "-E", "UTF8", "--locale=C"] + (durable ? [] : ["--no-sync"])
        let maker = try ServerProcess(
            Command("initdb", arguments, in: folder, as: account, parentDeath: "KILL"), quickEnd: SIGKILL)
        guard maker.waitForEnd(seconds: 60) else {
            maker.end(SIGKILL, seconds: 5)
            throw .notReady(program: "initdb", reason: "it takes longer than 60 s", log: maker.logTail)
        }
        guard files.fileExists(atPath: "\(draft)/PG_VERSION"), maker.hasSucceeded else {
            throw .notReady(program: "initdb", reason: "it failed", log: maker.logTail)
        }
        do {
            try files.moveItem(atPath: draft, toPath: "\(folder.path)/data")
        } catch {
            throw .folder(path: folder.path, reason: error.localizedDescription)
        }
    }
}
