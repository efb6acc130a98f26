import Foundation

/// The value of `--listen`: `HOST:PORT`, `[::1]:PORT`, or `:PORT` for all addresses of the machine.
struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

    /// Without brackets.
    let host: String
    /// 0 lets the system choose.
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws(OptionFault) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw OptionFault("\"\(text.prefix(80))\" is no address; write HOST:PORT, such as 127.0.0.1:8080")
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw OptionFault("\"\(text.prefix(80))\" has an address without brackets; write [\(host)]:\(port)")
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only programs of this machine can connect: 127.0.0.0/8, ::1 and localhost. Other names are not
    /// resolved: what they mean may change after the start.
    var isLoopback: Bool {
        if host == "localhost" { return true }
        var address4 = in_addr()
        if inet_pton(AF_INET, host, &address4) == 1 { return UInt32(bigEndian: address4.s_addr) >> 24 == 127 }
        var address6 = in6_addr()
        guard inet_pton(AF_INET6, host, &address6) == 1 else { return false }
        return withUnsafeBytes(of: address6) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}
