import Crypto
import NIOCore

/// The signature of one request: 32 bytes that only a holder of the source's secret can have made for this body.
struct Signature {
    static let header = "x-hub-signature-256"
    private static let prefix = "sha256="

    private let bytes: [UInt8]

    /// Nil unless the text is `sha256=` and exactly 64 hexadecimal digits of either case. The secret is not involved
    /// yet, so this needs no constant time.
    init?(_ text: String?) {
        guard let text, text.hasPrefix(Self.prefix) else { return nil }
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count).map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        self.bytes = bytes
    }

    /// Whether one of the secrets made this signature for `body`. All are tried, and each comparison takes the same
    /// time wherever the first difference is.
    func proves(_ body: ByteBuffer, with secrets: [SymmetricKey]) -> Bool {
        var isProven = false
        body.withUnsafeReadableBytes { pointer in
            for secret in secrets {
                if HMAC<SHA256>.authenticationCode(for: pointer, using: secret) == bytes { isProven = true }
            }
        }
        return isProven
    }
}
