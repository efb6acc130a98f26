import Foundation
import Synchronization

/// A redis-server of this process's own, on a unix socket or a loopback port. The methods block their thread.
package final class RedisServer: Sendable {
    /// The unix socket's path; nil when the server listens on a port.
    package let socketPath: String?
    /// `unix://PATH` or `redis://127.0.0.1:PORT`.
    package let url: String

    private let folder: Folder
    private let port: Int?
    private let options: [String]
    private let process = Mutex<ServerProcess?>(nil)

    /// - Parameters:
    ///   - directory: the server's own folder, made when it is missing; a later server in it finds the same data.
    ///   - appendOnly: every write is on the disk before it is answered; without, all is lost with the process.
    ///   - port: listen on this port of 127.0.0.1 and on no socket.
    ///   - extra: further arguments of redis-server, such as `["--maxmemory", "10mb"]`; they win over the others.
    package init(directory: String, appendOnly: Bool = true, port: Int? = nil, extra: [String] = []) {
        folder = Folder(directory)
        self.port = port
        socketPath = port == nil ? "\(folder.sockets.path)/redis.sock" : nil
        url = port.map { "redis://127.0.0.1:\($0)" } ?? "unix://\(socketPath ?? "")"
        let listen = socketPath.map { ["--port", "0", "--unixsocket", $0, "--unixsocketperm", "700"] }
        options =
            (listen ?? ["--port", "\(port ?? 0)", "--bind", "127.0.0.1"])
            + ["--dir", folder.path, "--save", "", "--appendonly", appendOnly ? "yes" : "no"]
            + ["--appendfsync", "always", "--maxmemory-policy", "noeviction", "--daemonize", "no"] + extra
    }

    /// The pid of the running server, or nil.
    package var pid: Int32? { process.withLock { $0.flatMap { $0.hasEnded ? nil : $0.pid } } }

    /// Starts the server and returns when it answers PING (after a crash: when it has read its log), within 10 s. The
    /// file `url` in its folder then says, for scripts, where it listens. A server that already runs is left alone.
    package func start() throws(ServerError) {
        if pid != nil { return }
        try folder.make()
        try folder.sockets.make()
        // A second redis-server would unlink the first one's socket and write into its log.
        if Dialogue(address) != nil {
            let file = ServerProcess.pidFile(of: "redis-server", in: folder.path)
            let owner = try? String(contentsOfFile: file, encoding: .utf8)
            throw .taken(
                program: "redis-server", address: url, pid: owner?.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let started = try ServerProcess(
            Command("redis-server", options, in: folder, parentDeath: "KILL"), quickEnd: SIGKILL)
        process.withLock { $0 = started }
        try started.waitUntilReady(seconds: 10) { answersPing }
        try folder.write(url, to: "url")
    }

    /// SIGKILL, as a crash would; returns when the process is gone. `start` then finds what was on the disk.
    package func kill() { process.withLock { $0 }?.end(SIGKILL, seconds: 10) }

    /// SIGTERM, and after 5 s SIGKILL; returns when the process is gone.
    package func stop() { process.withLock { $0 }?.end(SIGTERM, seconds: 5) }

    /// Stops the process in mid-air (SIGSTOP): connections stay open and nothing is answered.
    package func suspend() { process.withLock { $0 }?.signal(SIGSTOP) }

    /// Lets a suspended server go on.
    package func resume() { process.withLock { $0 }?.signal(SIGCONT) }

    private var address: Dialogue.Address { socketPath.map { .socket($0) } ?? .port(port ?? 0) }

    /// While it reads its append-only file it answers `-LOADING`, which is five bytes of something else.
    private var answersPing: Bool {
        guard let dialogue = Dialogue(address), dialogue.send(Array("PING\r\n".utf8)) else { return false }
        return dialogue.receive(5) == Array("+PONG".utf8)
    }
}
