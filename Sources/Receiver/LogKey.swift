/// Names of log metadata in this room.
enum LogKey {
    static let address = "address"
    static let error = "error"
    static let method = "method"
    static let path = "path"
    static let queue = "queue"
    static let source = "source"
    static let verb = "verb"
}
