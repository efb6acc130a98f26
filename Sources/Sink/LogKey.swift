/// Names of log metadata in this room.
enum LogKey {
    static let error = "error"
    static let queue = "queue"
    static let job = "job"
    static let events = "events"
    static let migration = "migration"
}
