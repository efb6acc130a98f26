import Foundation

/// The variables of this process. An empty one is as good as none: that is how compose files pass on what is not set.
enum Environment {
    static var current: [String: String] { ProcessInfo.processInfo.environment }

    static var settings: [String: String] { current.filter { !$0.value.isEmpty } }
}
