import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on a loopback port that answers every request as the test says and remembers what it was asked.
final class TestServer: Sendable {
    enum Reply: Sendable {
        case answer(Int, [(String, String)] = [], body: String = "")
        /// A body that goes on until the client hangs up.
        case endless
        /// The beginning of an answer, then nothing.
        case stuck
        /// No answer at all.
        case silence
        /// Hangs up in the middle of the body.
        case broken
    }

    struct Request: Sendable {
        let head: HTTPRequestHead
        var body = ByteBuffer()
    }

    private struct State {
        var requests: [Request] = []
        var open = 0
    }

    private let state = Mutex(State())
    private let channel: any Channel

    /// How often it was asked, and what.
    var requests: [Request] { state.withLock { $0.requests } }
    var openConnections: Int { state.withLock { $0.open } }
    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/run" }

    static func with<Result>(
        _ reply: Reply, _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let server = try await TestServer(reply)
        do {
            let result = try await body(server)
            try await server.channel.close()
            return result
        } catch {
            try? await server.channel.close()
            throw error
        }
    }

    private init(_ reply: Reply) async throws {
        let log = Log()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false).flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Conversation(reply, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        log.server.withLock { $0 = self }
    }

    /// The way from a connection to its server, which exists only after its channel.
    private final class Log: Sendable {
        let server = Mutex<TestServer?>(nil)

        func change(_ change: (inout State) -> Void) {
            server.withLock { server in server?.state.withLock { change(&$0) } }
        }
    }

    private final class Conversation: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let reply: Reply
        private let log: Log
        private var request: Request?

        init(_ reply: Reply, _ log: Log) {
            self.reply = reply
            self.log = log
        }

        func channelActive(context: ChannelHandlerContext) { log.change { $0.open += 1 } }

        func channelInactive(context: ChannelHandlerContext) { log.change { $0.open -= 1 } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): request = Request(head: head)
            case .body(var part): request?.body.writeBuffer(&part)
            case .end:
                if let request { log.change { $0.requests.append(request) } }
                answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            switch reply {
            case .answer(let status, let fields, let body):
                var headers = HTTPHeaders(fields)
                headers.replaceOrAdd(name: "Content-Length", value: "\(body.utf8.count)")
                begin(context, HTTPResponseStatus(statusCode: status), headers)
                write(context, ByteBuffer(string: body))
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .endless:
                begin(context, .ok, [:])
                flood(context)
            case .stuck:
                begin(context, .ok, [:])
                write(context, ByteBuffer(string: "{"))
                context.flush()
            case .silence: break
            case .broken:
                begin(context, .ok, ["Content-Length": "100"])
                write(context, ByteBuffer(string: "{"))
                context.flush()
                context.close(promise: nil)
            }
        }

        private func begin(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: HTTPHeaders) {
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }

        private func write(_ context: ChannelHandlerContext, _ part: ByteBuffer) {
            context.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
        }

        private func flood(_ context: ChannelHandlerContext) {
            let part = HTTPServerResponsePart.body(
                .byteBuffer(ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)))
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(part)).whenSuccess { bound.value.0.flood(bound.value.1) }
        }
    }
}
