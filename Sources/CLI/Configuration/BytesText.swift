/// Numbers of bytes as people write them: `1000`, `64KiB`, `64MiB`, `2GiB`.
enum BytesText {
    private static let units: [(suffix: String, bytes: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

    /// Nil unless the text is a whole number, with one of the units or none.
    static func bytes(_ text: String) -> Int? {
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits) else {
            return nil
        }
        let (product, isTooMuch) = count.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        return isTooMuch ? nil : product
    }

    /// The shortest exact way to write it.
    static func text(_ bytes: Int) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes.isMultiple(of: $0.bytes) }) else { return "\(bytes)" }
        return "\(bytes / unit.bytes)\(unit.suffix)"
    }

    /// For a glance: `812 bytes`, `1.2 MiB`.
    static func rounded(_ bytes: Int) -> String {
        guard let unit = units.first(where: { bytes >= $0.bytes }) else { return "\(bytes) bytes" }
        let tenths = bytes / (unit.bytes / 10)
        return tenths.isMultiple(of: 10)
            ? "\(tenths / 10) \(unit.suffix)" : "\(tenths / 10).\(tenths % 10) \(unit.suffix)"
    }
}
