import NIOCore

extension RawJSON {
    /// The decoded text of a string; nil for other kinds, and for a string that is no valid Unicode.
    package var string: String? { decoded(isMended: false) }

    /// The decoded text of a string, with U+FFFD for what is no valid Unicode; nil for other kinds.
    package var mendedString: String? { decoded(isMended: true) }

    private func decoded(isMended: Bool) -> String? {
        guard kind == .string else { return nil }
        return bytes.withUnsafeReadableBytes { bytes in
            var rest = bytes.dropFirst().dropLast()
            var text: [UInt8] = []
            while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
                text += rest[..<backslash]
                rest = rest[(backslash + 1)...]
                guard let character = Self.character(&rest) ?? (isMended ? "\u{FFFD}" : nil) else { return nil }
                text += character.utf8
            }
            guard !text.isEmpty else { return Self.text(rest, isMended: isMended) }
            return Self.text(text + rest, isMended: isMended)
        }
    }

    private static func text(_ bytes: some Collection<UInt8>, isMended: Bool) -> String? {
        isMended ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    /// Takes an escape from behind its backslash; nil for half of a surrogate pair. That it is whole is known.
    private static func character(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar? {
        let letter = rest.removeFirst()
        switch letter {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: return Unicode.Scalar(letter)
        }
        let unit = unit(rest)
        rest = rest.dropFirst(4)
        if unit & 0xFC00 == 0xD800, rest.starts(with: "\\u".utf8) {
            let low = Self.unit(rest.dropFirst(2))
            if low & 0xFC00 == 0xDC00 {
                rest = rest.dropFirst(6)
                return Unicode.Scalar(0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF)))
            }
        }
        return Unicode.Scalar(unit)
    }

    private static func unit(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt16 {
        digits.prefix(4).reduce(0) { $0 << 4 | UInt16($1.hexValue ?? 0) }
    }
}
