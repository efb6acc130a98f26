/// Walks JSON text (RFC 8259) without building anything from it: it proves that the text is JSON and says where values
/// stand, so that a payload can be kept byte for byte and a field of a 25 MiB body be read without decoding the rest.
///
/// It is more lenient than the standard in one point: bytes from 0x80 on are taken inside strings as they come. A
/// payload is opaque, and one with a broken character is still worth a job; whoever reads such a string finds it
/// undecodable there.
struct JSONScanner {
    /// Deeper nesting is refused: real payloads stay below 20, and readers further on (Postgres, a handler) recurse.
    static let maxDepth = 512

    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
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
                guard open.count < Self.maxDepth else { throw .tooDeep(at: position) }
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
            default:
                throw fault("a character of a string or its closing quote")
            }
        }
    }

    /// Moves to the next quote, backslash or control character. Nearly all bytes of a payload are plain ones, so eight are
    /// looked at in one step: a byte that is zero, or less than 0x20, sets its own top bit in `found`. The trick may also
    /// report a byte behind a true find, never none; so the last steps are taken byte by byte.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        while position + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            let found = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word
            if found & tops != 0 { break }
            position += 8
        }
        while position < bytes.count, byte >= 0x20, byte != 0x22, byte != 0x5C { position += 1 }
    }

    private mutating func escape() throws(JSONFault) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard byte.hexValue != nil else { throw fault("a hexadecimal digit") }
                position += 1
            }
        default:
            throw fault("an escape")
        }
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
