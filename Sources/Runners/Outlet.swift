import Foundation
import NIOCore
import NIOPosix

/// A pipe that a process and its children write into, read until none of them has it open any more, or until `end()` and
/// then to the last byte that is in it.
///
/// Not the pipes of the library that starts processes: it closes those as soon as the process ends, and a child that
/// outlives it and still cleans up would be killed by its next line of output.
struct Outlet: Sendable {
    /// For the process; whoever starts it closes it.
    let writer: CInt
    private let channel: NIOAsyncChannel<ByteBuffer, Never>
    /// The reader once more, for what is left at the end.
    private let rest: CInt

    /// As much as a pipe can hold at most, unless a superuser lets it: after `end()` no more is read, however fast others write.
    private static let capacity = 1 << 20

    /// - Throws: `IOError` when no more files can be opened.
    init() async throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw IOError(errnoCode: errno, reason: "pipe") }
        let (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        rest = fcntl(reader, F_DUPFD_CLOEXEC, 0)
        self.writer = writer
        guard rest >= 0 else {
            let error = IOError(errnoCode: errno, reason: "fcntl")
            for end in ends { close(end) }
            throw error
        }
        do {
            channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptor(input: reader) { channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
        } catch {
            // The channel that could not be made has closed the reader.
            for end in [writer, rest] { close(end) }
            throw error
        }
    }

    /// Reads to the end, however long that is: a process whose output is not read stands still. A read that fails ends it,
    /// and the exit status tells the rest. Called once.
    func read(_ append: (UnsafeRawBufferPointer) -> Void) async {
        try? await channel.executeThenClose { parts in
            for try await part in parts { part.withUnsafeReadableBytes(append) }
        }
        // The channel has made it not block.
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            var count = 0
            while count < Self.capacity {
                let length = Foundation.read(rest, buffer.baseAddress, buffer.count)
                guard length > 0 else { break }
                append(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
                count += length
            }
        }
        close(rest)
    }

    /// Nobody that matters writes any more.
    func end() { channel.channel.close(promise: nil) }
}
