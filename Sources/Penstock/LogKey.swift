/// The names under which data goes into log metadata.
package enum LogKey {
    package static let queue = "queue"
    package static let job = "job"
    package static let type = "type"
    package static let error = "error"
}
