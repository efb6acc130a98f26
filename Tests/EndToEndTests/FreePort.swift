import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A port of 127.0.0.1 that was free a moment ago, for a process that cannot tell which one it chose itself.
func freePort() -> Int {
    #if os(Linux)
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let made = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(made) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            guard bind(made, $0, size) == 0, getsockname(made, $0, &size) == 0 else { return 0 }
            return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
    }
}
