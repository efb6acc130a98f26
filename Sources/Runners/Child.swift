import Foundation
import NIOCore
import Subprocess

/// One process that we started, from its start until it is reaped.
struct Child: Sendable {
    struct End: Sendable {
        let status: TerminationStatus
        let answer: Answer
        let errors: Tail
    }

    let program: String
    let arguments: [String]
    /// Changes to our own environment; nil takes a variable away.
    let environment: [String: String?]
    let input: ByteBuffer
    let grace: Duration
    /// Called at every sign of life: output on either stream.
    let beat: @Sendable () -> Void

    /// Returns when the process is reaped. A cancelled task ends the process, it does not leave it.
    func run() async throws(ExecError) -> End {
        Self.ignoreBrokenPipes
        let group = ProcessGroup(grace: grace)
        // A task of its own: the cancelled one would end its reads, writes and waits at once, and the process is still
        // to be listened to and waited for.
        let work = Task { () -> Result<End, ExecError> in
            do throws(ExecError) { return .success(try await run(in: group)) } catch { return .failure(error) }
        }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            group.stop()
        }
        return try result.get()
    }

    private func run(in group: ProcessGroup) async throws(ExecError) -> End {
        let output = try await outlet()
        let errors: Outlet
        do throws(ExecError) { errors = try await outlet() } catch {
            close(output.writer)
            await output.read { _ in }
            throw error
        }
        async let answer = read(output, into: Answer()) { $0.append($1) }
        async let tail = read(errors, into: Tail()) { $0.append($1) }
        let status: Result<TerminationStatus, ExecError>
        do throws(ExecError) { status = .success(try await start(in: group, output, errors)) } catch {
            status = .failure(error)
        }
        await group.untilEmpty()
        output.end()
        errors.end()
        let kept = await (answer, tail)
        return End(status: try status.get(), answer: kept.0, errors: kept.1)
    }

    private func outlet() async throws(ExecError) -> Outlet {
        do { return try await Outlet() } catch { throw .notStarted(program, reason: "\(error)") }
    }

    /// Returns when the process has ended.
    private func start(in group: ProcessGroup, _ output: Outlet, _ errors: Outlet) async throws(ExecError)
        -> TerminationStatus
    {
        do {
            return try await Subprocess.run(
                configuration, input: .inputWriter,
                output: .fileDescriptor(.init(rawValue: output.writer), closeAfterSpawningProcess: true),
                error: .fileDescriptor(.init(rawValue: errors.writer), closeAfterSpawningProcess: true)
            ) { execution in
                group.begin(execution.processIdentifier.value)
                async let ended: Void = {
                    // Signal 0 asks for nothing, so this waits; the library knows no other way to wait from here.
                    await execution.teardown(using: [
                        .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: .seconds(1 << 30))
                    ])
                    // The group's number is ours only until the process is reaped, which is after this closure.
                    group.leaderEnded()
                }()
                await Self.write(input, to: execution.standardInputWriter)
                await ended
                group.release()
            }.terminationStatus
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .notFound(program)
        } catch {
            throw .notStarted(program, reason: "\(error)")
        }
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.processGroupID = 0
        var changes: [Environment.Key: String?] = [:]
        for (name, value) in environment {
            // A name that no environment can have is in none.
            guard let key = Environment.Key(rawValue: name) else { continue }
            changes.updateValue(value, forKey: key)
        }
        return Configuration(
            executable: program.contains("/") ? .path(.init(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(changes), platformOptions: options)
    }

    /// Writes as much as the process wants. One that does not read its input, or closes it early, is in its right.
    private static func write(_ input: ByteBuffer, to writer: StandardInputWriter) async {
        var input = input
        while let part = input.readBytes(length: min(input.readableBytes, 1 << 18)), !part.isEmpty {
            guard let written = try? await writer.write(part), written == part.count else { break }
        }
        try? await writer.finish()
    }

    private func read<Kept: Sendable>(
        _ outlet: Outlet, into kept: Kept, _ append: @Sendable (inout Kept, UnsafeRawBufferPointer) -> Void
    ) async -> Kept {
        var kept = kept
        await outlet.read { part in
            beat()
            append(&kept, part)
        }
        return kept
    }

    /// Writing to a process that has closed its input must be an error here and not our end. NIO does the same for
    /// sockets; children get the default back.
    private static let ignoreBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
}
