import Foundation
import Support

/// The built `penstock`, run as a child to its end.
struct Program {
    let code: Int32
    let output: String
    let errors: [String]

    /// - Parameters:
    ///   - environment: all that the child gets besides what finds programs and folders.
    ///   - folder: where it runs; a configuration that lies there would be read.
    ///   - typed: what a person has typed at a terminal, which then is its stdin.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: String = "/", input: String = "",
        typed: String? = nil
    ) async throws -> Program {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: reading blocks, and tests have few threads.
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try finish(arguments, environment: environment, folder: folder, input: input, typed: typed)
                    })
            }
        }
    }

    /// Files and not pipes, and no `Process` of Foundation: what another test starts meanwhile would inherit an end of a
    /// pipe and keep it open.
    private static func finish(
        _ arguments: [String], environment: [String: String], folder: String, input: String, typed: String?
    ) throws -> Program {
        let files = temporaryDirectory()
        try Data(input.utf8).write(to: URL(fileURLWithPath: "\(files)/input"))
        // `sh` goes into the folder, because not every system's way to spawn can.
        let words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, try path().path] + arguments
        let variables = environment.merging(
            ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LD_LIBRARY_PATH"].contains($0.key) }
        ) { own, _ in own }
        let terminal = try typed.map { try Pseudoterminal(typed: $0) }
        defer { terminal?.close() }
        let status = try spawn(
            words, variables.map { "\($0.key)=\($0.value)" }, input: terminal?.path ?? "\(files)/input", files: files)
        func text(_ name: String) throws -> String {
            try String(contentsOf: URL(fileURLWithPath: "\(files)/\(name)"), encoding: .utf8)
        }
        // Ended by a signal: no code, and none that a test expects.
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
        return Program(
            code: code, output: try text("output"),
            errors: try text("errors").split(separator: "\n").map(String.init))
    }

    private struct NotStarted: Error { let code: Int32 }

    private static func spawn(_ words: [String], _ variables: [String], input: String, files: String) throws -> Int32 {
        #if os(Linux)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY | O_NOCTTY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(files)/output", O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "\(files)/errors", O_WRONLY | O_CREAT, 0o600)
        let argv = words.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, nil, argv, envp)
        guard code == 0 else { throw NotStarted(code: code) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private struct NotBuilt: Error {}

    /// It lies beside the bundle of tests, or above it.
    private static func path() throws -> URL {
        for bundle in [Bundle.main] + Bundle.allBundles {
            var folder = bundle.bundleURL
            for _ in 0..<5 {
                let file = folder.appendingPathComponent("penstock")
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue {
                    return file
                }
                folder.deleteLastPathComponent()
            }
        }
        throw NotBuilt()
    }
}
