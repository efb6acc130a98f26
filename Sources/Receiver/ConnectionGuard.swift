import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Keeps one connection from harming others: bounds the time of a body, answers what is no HTTP, and closes behind an
/// answer that refused a body without reading it all.
///
/// Without it the server would read a refused body to its end, were it endless; and closing at once would not do either:
/// a sender that is still sending gets a reset, and the reset may overtake the answer. So after such an answer our
/// side is closed, and the sender's is drained for a while.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: Limits
    private var exchange = Exchange()
    private var bodyClock: Scheduled<Void>?
    private var closeClock: Scheduled<Void>?

    init(limits: Limits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        let arrival =
            switch part {
            case .head: exchange.receiveHead()
            case .body: exchange.receiveBody()
            case .end: exchange.receiveEnd()
            }
        switch arrival {
        case .drop: return
        case .close: return context.close(promise: nil)
        case .pass: break
        }
        switch part {
        case .head(let head):
            startBodyClock(context, limits.body)
            permitBody(of: head, context)
        case .body: break
        case .end: stopBodyClock()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if exchange.sendHead() { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            if exchange.sendEnd() { linger(context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch exchange.fail() {
        case .ignore: return
        case .pass: context.fireErrorCaught(error)
        case .answer:
            let problem = Problem(.badRequest, "what arrived is no HTTP request; send HTTP/1.1")
            var head = problem.response.head
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(problem.json.buffer)), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            linger(context)
        }
    }

    /// At a shutdown requests in flight are finished; one whose body does not come must not hold the process up.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, exchange.awaitsBody, !exchange.isClosing {
            startBodyClock(context, limits.farewell)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopBodyClock()
        closeClock?.cancel()
        context.fireChannelInactive()
    }

    /// Answers `Expect: 100-continue`, for which some senders of large bodies wait a second.
    private func permitBody(of head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard exchange.servesOne, head.headerFields[.expect]?.lowercased() == "100-continue" else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func startBodyClock(_ context: ChannelHandlerContext, _ time: TimeAmount) {
        stopBodyClock()
        bodyClock = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            if exchange.awaitsBody, !exchange.isClosing { context.fireErrorCaught(LateBody()) }
        }
    }

    private func stopBodyClock() {
        bodyClock?.cancel()
        bodyClock = nil
    }

    private func linger(_ context: ChannelHandlerContext) {
        stopBodyClock()
        context.flush()
        context.close(mode: .output, promise: nil)
        closeClock = context.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) { context.close(promise: nil) }
    }
}
