import Penstock

extension LogKey {
    static let redis = "redis"
    static let roles = "roles"
    static let queues = "queues"
    static let address = "address"
}
