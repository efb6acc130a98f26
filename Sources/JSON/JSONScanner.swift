/// Walks JSON text (RFC 8259) without building anything from it: it proves that the text is JSON and says where values
/// stand, so that a payload can be kept byte for byte and a field of a 25 MiB body be read without decoding the rest.
///
/// Eight plain bytes of a string are skipped in one step, since nearly all of a payload is that.
struct JSONScanner {
    enum Dialect {
        /// Inside strings, bytes from 0x80 on and halves of surrogate pairs are taken as they come. A payload is opaque,
        /// and one with a broken character is still worth a job; whoever reads such a string finds it undecodable there.
        case opaque
        /// Only what jsonb can keep: valid UTF-8, no `\u0000`, no half of a surrogate pair. How deep is left to the server.
        case jsonb
    }

    /// Deeper nesting is refused: real payloads stay below 20, and readers further on (Postgres, a handler) recurse.
    static let maxDepth = 512

    let bytes: UnsafeRawBufferPointer
    let dialect: Dialect
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0, dialect: Dialect = .opaque) {
        self.bytes = bytes
        self.position = position
        self.dialect = dialect
    }

    /// The byte at the position; 0 at the end, which no rule of the grammar accepts, so every rule stops there.
    private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private func fault(_ wanted: String) -> JSONFault { .unexpected(wanted, at: position) }

    mutating func skipSpace() {
        while position < bytes.count, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Takes one value with the space around it and demands that nothing follows; answers where the value stands.
    mutating func document() throws(JSONFault) -> Range<Int> {
        let range = try value()
        skipSpace()
        guard position == bytes.count else { throw fault("the end") }
        return range
    }

    /// Takes `wanted` after space, if it is there.
    mutating func take(_ wanted: Character) -> Bool {
        skipSpace()
        guard position < bytes.count, byte == wanted.asciiValue else { return false }
        position += 1
        return true
    }

    /// Takes the name of a member and its colon; answers where the name stands, quotes included.
    mutating func name() throws(JSONFault) -> Range<Int> {
        skipSpace()
        let start = position
        guard byte == UInt8(ascii: "\"") else { throw fault("a name in quotes") }
        try string()
        let end = position
        guard take(":") else { throw fault("a colon") }
        return start..<end
    }

    /// Takes one value, however deep, in a loop and not by recursion: the input decides the depth, not our stack.
    mutating func value() throws(JSONFault) -> Range<Int> {
        skipSpace()
        let start = position
        // What is open, innermost last: true is an object.
        var open: [Bool] = []
        while true {
            skipSpace()
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let isObject = byte == UInt8(ascii: "{")
                guard open.count < Self.maxDepth || dialect == .jsonb else { throw .tooDeep(at: position) }
                position += 1
                if !take(isObject ? "}" : "]") {
                    open.append(isObject)
                    if isObject { _ = try name() }
                    continue
                }
            } else {
                try scalar()
            }
            // A value is complete: close what ends with it, until a comma asks for the next one.
            while let isObject = open.last {
                if take(",") {
                    if isObject { _ = try name() }
                    break
                }
                guard take(isObject ? "}" : "]") else { throw fault(isObject ? "a comma or }" : "a comma or ]") }
                open.removeLast()
            }
            if open.isEmpty { return start..<position }
        }
    }

    private mutating func scalar() throws(JSONFault) {
        switch byte {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: throw fault("a value")
        }
    }

    private mutating func word(_ word: StaticString) throws(JSONFault) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[offset] else { throw fault("\(word)") }
            position += 1
        }
    }

    private mutating func digits() throws(JSONFault) {
        guard byte >= 0x30, byte <= 0x39 else { throw fault("a digit") }
        while byte >= 0x30, byte <= 0x39 { position += 1 }
    }

    private mutating func number() throws(JSONFault) {
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if byte == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
    }

    private mutating func string() throws(JSONFault) {
        position += 1
        while true {
            skipPlain()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                position += 1
                try escape()
            case 0x80...:
                try sequence()
            default:
                throw fault("a character of a string or its closing quote")
            }
        }
    }

    /// Moves to the next quote, backslash or control character, for jsonb also to the next byte from 0x80 on. A byte that is zero, or less than 0x20, sets its own top bit in `found`. The trick may also
    /// report a byte behind a true find, never none; so the last steps are taken byte by byte.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        let ends: UInt64 = dialect == .jsonb ? tops : 0
        while position + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            let found =
                (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word | word
                & ends
            if found & tops != 0 { break }
            position += 8
        }
        let last: UInt8 = dialect == .jsonb ? 0x7F : 0xFF
        while position < bytes.count, byte >= 0x20, byte <= last, byte != 0x22, byte != 0x5C { position += 1 }
    }

    private mutating func escape() throws(JSONFault) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            let unit = try unit()
            if dialect == .jsonb { try character(unit) }
        default:
            throw fault("an escape")
        }
    }

    /// Takes the `u` of an escape and its four digits.
    private mutating func unit() throws(JSONFault) -> UInt16 {
        position += 1
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = byte.hexValue else { throw fault("a hexadecimal digit") }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    /// Demands that an escape is a character: not U+0000, and with the other half where it is half of a pair.
    private mutating func character(_ unit: UInt16) throws(JSONFault) {
        guard unit != 0 else { throw fault("a character other than U+0000 before it") }
        guard unit & 0xF800 == 0xD800 else { return }
        let pair = "both halves of a surrogate pair"
        guard unit & 0xFC00 == 0xD800, byte == UInt8(ascii: "\\") else { throw fault(pair) }
        position += 1
        guard byte == UInt8(ascii: "u"), try self.unit() & 0xFC00 == 0xDC00 else { throw fault(pair) }
    }

    /// Takes one character of UTF-8 beyond ASCII: no overlong form, no surrogate, nothing above U+10FFFF.
    private mutating func sequence() throws(JSONFault) {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch byte {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw fault("a character in UTF-8")
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]),
            bytes[position + 2..<position + length].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw fault("a character in UTF-8") }
        position += length
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit in ASCII, of either case.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
