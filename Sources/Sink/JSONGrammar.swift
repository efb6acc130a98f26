import NIOCore

/// Whether Postgres's jsonb takes a text, read once without building anything: RFC 8259 in valid UTF-8, no `\u0000`, no
/// half of a surrogate pair. What only the server can judge (how deep, how big a number) is left to it; this keeps a
/// flood of bad payloads from being refused row by row.
struct JSONGrammar {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0
    /// The open brackets, outermost first; a stack of our own, since the nesting is the sender's choice.
    private var open: [UInt8] = []

    static func accepts(_ text: ByteBuffer) -> Bool {
        text.withUnsafeReadableBytes { bytes in
            var grammar = JSONGrammar(bytes: bytes)
            return grammar.text()
        }
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func text() -> Bool {
        repeat {
            guard value() else { return false }
        } while !open.isEmpty
        skipSpace()
        return at == bytes.count
    }

    /// One scalar, or the opening of a bracket; then everything up to where the next value must stand.
    private mutating func value() -> Bool {
        skipSpace()
        guard let first = next else { return false }
        switch first {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            at += 1
            skipSpace()
            // In ASCII both closing brackets stand two behind their opening ones.
            if next == first + 2 {
                at += 1
                break
            }
            open.append(first)
            return first == UInt8(ascii: "[") || name()
        case UInt8(ascii: "\""): guard string() else { return false }
        case UInt8(ascii: "t"): guard word("true") else { return false }
        case UInt8(ascii: "f"): guard word("false") else { return false }
        case UInt8(ascii: "n"): guard word("null") else { return false }
        default: guard number() else { return false }
        }
        return rest()
    }

    /// What may follow a value: closing brackets, then a comma if any bracket is still open.
    private mutating func rest() -> Bool {
        while let bracket = open.last {
            skipSpace()
            if next == bracket + 2 {
                at += 1
                open.removeLast()
            } else if next == UInt8(ascii: ",") {
                at += 1
                return bracket == UInt8(ascii: "[") || name()
            } else {
                return false
            }
        }
        return true
    }

    private mutating func name() -> Bool {
        skipSpace()
        guard next == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard next == UInt8(ascii: ":") else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func word(_ word: StaticString) -> Bool {
        guard at + word.utf8CodeUnitCount <= bytes.count else { return false }
        for offset in 0..<word.utf8CodeUnitCount where bytes[at + offset] != word.utf8Start[offset] { return false }
        at += word.utf8CodeUnitCount
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while let byte = next, byte &- 0x30 < 10 { at += 1 }
        return at > start
    }

    private mutating func number() -> Bool {
        if next == UInt8(ascii: "-") { at += 1 }
        if next == UInt8(ascii: "0") {
            at += 1
        } else if !digits() {
            return false
        }
        if next == UInt8(ascii: ".") {
            at += 1
            guard digits() else { return false }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            return digits()
        }
        return true
    }

    private mutating func string() -> Bool {
        at += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0x20..<0x80: at += 1
            case 0x80...: guard sequence(byte) else { return false }
            default: return false
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        at += 1
        guard let letter = next else { return false }
        at += 1
        guard letter == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(letter) }
        guard let unit = hex(), unit != 0 else { return false }
        if unit & 0xFC00 == 0xDC00 { return false }
        guard unit & 0xFC00 == 0xD800 else { return true }
        guard word("\\u"), let low = hex() else { return false }
        return low & 0xFC00 == 0xDC00
    }

    private mutating func hex() -> UInt16? {
        guard at + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[at..<at + 4] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt16(byte - 0x37)
            case 0x61...0x66: unit = unit << 4 | UInt16(byte - 0x57)
            default: return nil
            }
        }
        at += 4
        return unit
    }

    /// One character of UTF-8 beyond ASCII: no overlong form, no surrogate, nothing above U+10FFFF.
    private mutating func sequence(_ first: UInt8) -> Bool {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return false
        }
        guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { return false }
        for byte in bytes[at + 2..<at + length] where byte & 0xC0 != 0x80 { return false }
        at += length
        return true
    }
}
