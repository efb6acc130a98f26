import NIOCore
import NIOPosix

/// A client that sends exactly the bytes it is given, also wrong ones, and reads what comes back.
struct Wire {
    struct Reply {
        let status: Int
        let headers: [String: String]
        let body: ByteBuffer

        var text: String { String(buffer: body) }
    }

    enum End {
        /// So many answers, interim ones not counted.
        case replies(Int)
        /// Any answer, also an interim one.
        case word
        /// The server closes the connection.
        case closed
    }

    let port: Int

    static func request(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: ByteBuffer = ByteBuffer(),
        chunked: Int? = nil
    ) -> [ByteBuffer] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        guard let chunked else {
            if body.readableBytes > 0 || method == "POST" { head += "Content-Length: \(body.readableBytes)\r\n" }
            return [ByteBuffer(string: head + "\r\n"), body]
        }
        var parts = [ByteBuffer(string: head + "Transfer-Encoding: chunked\r\n\r\n")]
        var body = body
        while let slice = body.readSlice(length: min(chunked, max(1, body.readableBytes))) {
            parts += [
                ByteBuffer(string: String(slice.readableBytes, radix: 16) + "\r\n"), slice, ByteBuffer(string: "\r\n"),
            ]
        }
        return parts + [ByteBuffer(string: "0\r\n\r\n")]
    }

    func ask(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: String = "", chunked: Int? = nil
    ) async throws -> Reply {
        try await ask(method, path, headers, body: ByteBuffer(string: body), chunked: chunked)
    }

    func ask(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: ByteBuffer, chunked: Int? = nil
    ) async throws -> Reply {
        let parts = Self.request(method, path, headers, body: body, chunked: chunked)
        guard let reply = try await exchange(parts, until: .replies(1), isHead: method == "HEAD").last else {
            throw Silence()
        }
        return reply
    }

    struct Silence: Error {}

    /// Sends the parts one by one, and goes on reading when the server does not want to hear them all.
    func exchange(
        _ parts: [ByteBuffer], until end: End, isHead: Bool = false, onBytes: @Sendable () -> Void = {}
    ) async throws -> [Reply] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        for part in parts { try await outbound.write(part) }
                    } catch {}
                }
                var bytes = ByteBuffer()
                do {
                    for try await chunk in inbound {
                        bytes.writeImmutableBuffer(chunk)
                        onBytes()
                        let replies = Self.replies(in: bytes, isHead: isHead)
                        if case .replies(let count) = end, replies.count(where: { $0.status >= 200 }) >= count { break }
                        if case .word = end, !replies.isEmpty { break }
                    }
                } catch {
                    // A reset behind the answers is a way to close.
                }
                group.cancelAll()
                return Self.replies(in: bytes, isHead: isHead)
            }
        }
    }

    private static func replies(in bytes: ByteBuffer, isHead: Bool) -> [Reply] {
        var rest = bytes
        var replies: [Reply] = []
        while let end = rest.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) {
            let lines = (rest.readString(length: end.lowerBound - rest.readerIndex) ?? "").split(separator: "\r\n")
            rest.moveReaderIndex(forwardBy: 4)
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let pair = line.split(separator: ":", maxSplits: 1)
                headers[pair[0].lowercased()] = pair.count > 1 ? String(pair[1].drop { $0 == " " }) : ""
            }
            // 0 where no answer begins: behind a body that is longer than it says.
            let words = lines.first?.split(separator: " ") ?? []
            let status = words.first == "HTTP/1.1" ? Int(words.dropFirst().first ?? "") ?? 0 : 0
            let length = isHead ? 0 : Int(headers["content-length"] ?? "0") ?? 0
            guard let body = rest.readSlice(length: length) else { break }
            replies.append(Reply(status: status, headers: headers, body: body))
        }
        return replies
    }
}
