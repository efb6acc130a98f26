import Logging

extension LogOptions {
    /// Makes this the log of the whole process; to be called once.
    func start() -> Logger {
        let level = logLevel
        let format = logFormat
        LoggingSystem.bootstrap { StderrLog(label: $0, level: level, format: format) }
        return Logger(label: "penstock")
    }
}
