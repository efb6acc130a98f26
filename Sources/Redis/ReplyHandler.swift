import DequeModule
import NIOCore

/// Pairs replies with those who wait for them, in order, and closes the connection when one of them is overdue.
final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias Answer<Value: Sendable> = CheckedContinuation<Result<Value, RedisError>, Never>

    /// One `send`: a command, or several that were written together.
    struct Waiter: Sendable {
        enum Answers: Sendable {
            case one(Answer<Reply>)
            case many(Int, Answer<[Reply]>)
        }
        let answers: Answers
        let deadline: NIODeadline

        func fail(_ error: RedisError) {
            switch answers {
            case .one(let answer): answer.resume(returning: .failure(error))
            case .many(_, let answer): answer.resume(returning: .failure(error))
            }
        }
    }

    private let reader = ReplyReader()
    private let label: String
    private var waiters: Deque<Waiter> = []
    private var collected: [Reply] = []
    private var alarm: Scheduled<Void>?
    private var alarmTime = NIODeadline.distantFuture
    private var reason: RedisError?
    private var isOver = false

    init(label: String) { self.label = label }

    /// Takes those whose commands are being written now. The channel's event loop only.
    func expect(_ more: [Waiter], on context: ChannelHandlerContext) {
        if isOver {
            // Between the end of the channel and that of its pipeline. Nobody would come back to these.
            for waiter in more { waiter.fail(.notConnected("the connection to \(label) is closed")) }
            return
        }
        waiters.append(contentsOf: more)
        if alarm != nil {
            guard more.contains(where: { $0.deadline < alarmTime }) else { return }
            alarm?.cancel()
        }
        watch(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(RedisError) {
            try reader.feed(unwrapInboundIn(data))
            while let reply = try reader.next() { deliver(reply) }
        } catch {
            close(context, because: error)
        }
    }

    private func deliver(_ reply: Reply) {
        guard let waiter = waiters.first else { return }
        switch waiter.answers {
        case .one(let answer):
            waiters.removeFirst()
            if case .error(let error) = reply {
                answer.resume(returning: .failure(error))
            } else {
                answer.resume(returning: .success(reply))
            }
        case .many(let count, let answer):
            collected.append(reply)
            guard collected.count == count else { return }
            waiters.removeFirst()
            answer.resume(returning: .success(collected))
            collected = []
        }
    }

    /// Keeps one timer, for whoever is overdue first. It is not moved when that one is answered: it then looks again.
    private func watch(_ context: ChannelHandlerContext) {
        guard let next = waiters.lazy.map(\.deadline).min() else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        alarmTime = next
        alarm = context.eventLoop.scheduleTask(deadline: next) {
            let (handler, context) = bound.value
            handler.alarm = nil
            if handler.waiters.contains(where: { $0.deadline <= .now() }) {
                handler.close(context, because: .timedOut("no answer in time from \(handler.label)"))
            } else {
                handler.watch(context)
            }
        }
    }

    private func close(_ context: ChannelHandlerContext, because error: RedisError) {
        reason = reason ?? error
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context, because: .lost("the connection to \(label) broke: \(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        alarm?.cancel()
        alarm = nil
        let error = reason ?? .lost("the connection to \(label) was closed")
        let ended = waiters
        waiters = []
        for waiter in ended { waiter.fail(error) }
        context.fireChannelInactive()
    }
}
