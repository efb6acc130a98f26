import NIOCore

/// The parameters of one statement in Postgres's binary format, written into one buffer: arrays of a thousand payloads
/// cross exactly, nothing is escaped, and libpq gets pointers into memory that is allocated once.
///
///     array: dimensions=1 │ has nulls │ element type │ count │ lower bound=1 │ (length or -1 │ bytes)…
struct Parameters {
    struct Slot {
        /// The type's OID; those of built-in types are fixed for ever (`pg_type.dat`).
        let type: UInt32
        let range: Range<Int>
    }

    private(set) var buffer = ByteBuffer()
    private(set) var slots: [Slot] = []

    mutating func add(text: String) {
        close(25, from: buffer.writerIndex) { $0.writeString(text) }
    }

    mutating func add(integer: Int64) {
        close(20, from: buffer.writerIndex) { $0.writeInteger(integer) }
    }

    mutating func add(texts: some Collection<String?>) {
        array(1009, of: 25, texts) { $1.writeString($0) }
    }

    mutating func add(bigints: some Collection<Int64?>) {
        array(1016, of: 20, bigints) { $1.writeInteger($0) }
    }

    mutating func add(integers: some Collection<Int32?>) {
        array(1007, of: 23, integers) { $1.writeInteger($0) }
    }

    mutating func add(smallints: some Collection<Int16?>) {
        array(1005, of: 21, smallints) { $1.writeInteger($0) }
    }

    mutating func add(byteas: some Collection<ByteBuffer?>) {
        array(1001, of: 17, byteas) { $1.writeImmutableBuffer($0) }
    }

    /// JSON text behind the version of the format, which is 1.
    mutating func add(jsonbs: some Collection<ByteBuffer?>) {
        array(3807, of: 3802, jsonbs) {
            $1.writeInteger(1 as UInt8)
            $1.writeImmutableBuffer($0)
        }
    }

    /// Milliseconds since 1970. Postgres counts microseconds since 2000.
    mutating func add(times: some Collection<Int64?>) {
        array(1185, of: 1184, times) { $1.writeInteger(($0 - 946_684_800_000) * 1000) }
    }

    private mutating func close(_ type: UInt32, from start: Int, _ write: (inout ByteBuffer) -> Void) {
        write(&buffer)
        slots.append(Slot(type: type, range: start..<buffer.writerIndex))
    }

    private mutating func array<Element>(
        _ type: UInt32, of elementType: UInt32, _ values: some Collection<Element?>,
        write: (Element, inout ByteBuffer) -> Void
    ) {
        close(type, from: buffer.writerIndex) { buffer in
            buffer.writeMultipleIntegers(1 as Int32, 1 as Int32, elementType, Int32(values.count), 1 as Int32)
            for value in values {
                let head = buffer.writerIndex
                buffer.writeInteger(-1 as Int32)
                guard let value else { continue }
                write(value, &buffer)
                buffer.setInteger(Int32(buffer.writerIndex - head - 4), at: head)
            }
        }
    }
}
