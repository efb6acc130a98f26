import Foundation
import NIOCore
import Penstock
import Support
import Testing

@testable import Runners

/// What becomes of a command and its group when the job is stopped, and when the command ends before its children.
@Suite struct ExecStopTests {
    private let folder = temporaryDirectory()

    /// Runs a script in the folder, stops it when the script has made the file `ready`, and returns how it ended.
    private func stop(_ script: String, grace: Duration) async throws -> Result<Output, any Error> {
        let exec = Exec(arguments: ["bash", "-c", "cd \(folder); \(script)"], grace: grace)
        let task = Task { try await exec.handler(.sample()) }
        // Also when it is never ready: nothing may be left running.
        defer { task.cancel() }
        try await eventually { text("ready") != nil }
        task.cancel()
        return await task.result
    }

    private func text(_ name: String) -> String? {
        (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func pid(_ name: String) throws -> pid_t { try #require(text(name).flatMap { pid_t($0) }) }

    @Test func `SIGTERM reaches the command, and the run ends when the command has`() async throws {
        let result = try await stop(
            "echo $$ > pid; trap 'echo asked > asked; exit 0' TERM; echo > ready; while :; do sleep 0.02; done",
            grace: .seconds(20))
        #expect(text("asked") == "asked")
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(try isGone(pid("pid")))
    }

    @Test func `a command that ignores SIGTERM is killed with its whole group after the grace`() async throws {
        let began = ContinuousClock.now
        _ = try await stop(
            """
            trap '' TERM; echo $$ > pid
            (trap '' TERM; echo $BASHPID > child; while :; do sleep 1; done) &
            while [ ! -s child ]; do sleep 0.01; done
            echo > ready; while :; do sleep 1; done
            """, grace: .milliseconds(300))
        #expect(ContinuousClock.now - began > .milliseconds(300))
        #expect(try isGone(pid("pid")))
        try await eventually { (try? isGone(pid("child"))) == true }
    }

    @Test func `a child that outlives the command has the rest of the grace to clean up`() async throws {
        _ = try await stop(
            """
            (trap 'sleep 0.3; echo clean > clean; exit' TERM; echo $BASHPID > child; echo > ready
            while :; do sleep 0.02; done) & wait
            """, grace: .seconds(20))
        #expect(text("clean") == "clean")
        #expect(try isGone(pid("child")))
    }

    @Test func `what a child still says while it cleans up is read, so that it is not killed for it`() async throws {
        _ = try await stop(
            """
            (trap 'while kill -0 $$ 2>/dev/null; do sleep 0.02; done
            printf %0300000d 0; printf %0300000d 0 >&2; echo clean > clean; exit' TERM
            echo $BASHPID > child; echo > ready; while :; do sleep 0.02; done) & wait
            """, grace: .seconds(20))
        #expect(text("clean") == "clean")
        #expect(try isGone(pid("child")))
    }

    @Test func `a child that outlives the command and floods its pipe is killed after the grace`() async throws {
        _ = try await stop(
            "(trap '' TERM; echo $BASHPID > child; echo > ready; while :; do echo flood; done) & wait",
            grace: .milliseconds(300))
        try await eventually { (try? isGone(pid("child"))) == true }
    }

    @Test func `a job that is stopped before it starts starts nothing`() async throws {
        let exec = Exec(arguments: ["bash", "-c", "echo > \(folder)/started"])
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await exec.handler(.sample())
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(text("started") == nil)
    }

    @Test func `a command whose start takes longer than the grace is killed when it has started`() async throws {
        let group = ProcessGroup(grace: .zero)
        // Its only SIGKILL meets nobody.
        await group.stop().value
        let command = Process()
        command.executableURL = URL(fileURLWithPath: "/bin/bash")
        command.arguments = ["-c", "trap '' TERM; echo > \(folder)/ready; exec sleep 1000"]
        try command.run()
        defer { if command.isRunning { kill(command.processIdentifier, SIGKILL) } }
        try await eventually { text("ready") != nil }
        group.begin(command.processIdentifier)
        try await eventually { !command.isRunning }
        #expect(command.terminationReason == .uncaughtSignal && command.terminationStatus == SIGKILL)
    }

    @Test(arguments: ["sleep 1000", "yes", "yes >&2", "(trap '' TERM HUP; sleep 1000)", "sleep 1000 >/dev/null 2>&1"])
    func `what a command leaves behind in its group does not hold up the run and is killed`(left: String) async throws {
        let script = "cd \(folder); \(left) & echo $! > child; echo '{\"done\":true}'"
        let output = try await Exec(arguments: ["bash", "-c", script]).handler(.sample())
        // What a flood leaves of the result is not its sender's business.
        if left != "yes" { #expect(output.text == #"{"done":true}"#) }
        try await eventually { (try? isGone(pid("child"))) == true }
    }

    #if os(Linux)
        @Test(arguments: ["sleep 1000", "yes"])
        func `a process that leaves the group and keeps the output open does not hold up the run`(
            left: String
        ) async throws {
            let script = """
                cd \(folder); setsid \(left) & echo $! > child
                until [ "$(cut -d ' ' -f 5 /proc/$!/stat)" = $! ]; do :; done
                """
            _ = try await Exec(arguments: ["bash", "-c", script]).handler(.sample())
            kill(try pid("child"), SIGKILL)
        }

        @Test func `a process that leaves the group outlives the job`() async throws {
            let script = """
                cd \(folder); setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > child
                until [ "$(cut -d ' ' -f 5 /proc/$!/stat)" = $! ]; do :; done; echo 1
                """
            #expect(try await Exec(arguments: ["bash", "-c", script]).handler(.sample()).text == "1")
            let child = try pid("child")
            #expect(!isGone(child))
            kill(child, SIGKILL)
        }
    #endif
}
