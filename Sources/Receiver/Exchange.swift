/// What has come and gone on one HTTP/1 connection, and what follows from it. Requests may be pipelined, so answers are
/// matched to requests by counting.
struct Exchange: ~Copyable {
    enum Arrival: Equatable {
        case pass
        /// The last answer is out: what still comes is read and dropped.
        case drop
        case close
    }

    enum Fault: Equatable {
        /// Nobody is being served: we answer ourselves.
        case answer
        /// A request is being read or served: its handler hears of it.
        case pass
        case ignore
    }

    private var heads = 0
    private var bodies = 0
    private var answers = 0
    private var isLast = false
    private(set) var isClosing = false

    /// Whether the body of the newest request is still to come.
    var awaitsBody: Bool { heads > bodies }
    /// Whether the newest request is the only one without an answer.
    var servesOne: Bool { heads == answers + 1 }

    mutating func receiveHead() -> Arrival {
        if isClosing { return .drop }
        heads += 1
        return .pass
    }

    func receiveBody() -> Arrival { isClosing ? .drop : .pass }

    mutating func receiveEnd() -> Arrival {
        if isClosing { return .close }
        bodies += 1
        return .pass
    }

    /// Whether the answer has to say that it is the last one: one that leaves before its request has come in whole
    /// cannot be followed by another, for nobody wants to read the rest of a body that was refused.
    mutating func sendHead() -> Bool {
        isLast = isLast || bodies <= answers
        return isLast
    }

    /// Whether the connection is to be closed now.
    mutating func sendEnd() -> Bool {
        answers += 1
        isClosing = isClosing || isLast
        return isClosing
    }

    mutating func fail() -> Fault {
        if isClosing { return .ignore }
        guard heads == answers else { return .pass }
        isClosing = true
        return .answer
    }
}
