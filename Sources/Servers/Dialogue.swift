import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A blocking connection to a server of this machine, for the few bytes that prove that it serves.
struct Dialogue: ~Copyable {
    enum Address: Sendable {
        case socket(String)
        case port(Int)
    }

    private let descriptor: Int32

    /// Nil when nothing listens there.
    /// - Parameter patience: seconds that one read or write may take.
    init?(_ address: Address, patience: Int = 1) {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let made: Int32
        let answer: Int32
        switch address {
        case .socket(let path):
            made = socket(AF_UNIX, kind, 0)
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            answer = withUnsafePointer(to: name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(made, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        case .port(let port):
            made = socket(AF_INET, kind, 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = in_port_t(UInt16(port)).bigEndian
            name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            answer = withUnsafePointer(to: name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        guard made >= 0 else { return nil }
        guard answer == 0 else {
            close(made)
            return nil
        }
        descriptor = made
        var time = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// False when the server has gone.
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            #if os(Linux)
                let flags = Int32(MSG_NOSIGNAL)
            #else
                let flags: Int32 = 0
            #endif
            let count = bytes[sent...].withUnsafeBytes { write in
                #if canImport(Glibc)
                    Glibc.send(descriptor, write.baseAddress, write.count, flags)
                #else
                    Darwin.send(descriptor, write.baseAddress, write.count, flags)
                #endif
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Exactly so many bytes, or nil when the server has gone or takes longer than a second.
    func receive(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &chunk, chunk.count, 0)
            if got <= 0 { return nil }
            bytes += chunk[..<got]
        }
        return bytes
    }
}
