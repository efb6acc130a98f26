import NIOCore

/// One row of an answer, in Postgres's binary format. The caller knows the columns that it asked for.
struct Row: Sendable {
    let fields: [ByteBuffer?]

    func bytes(_ column: Int) -> ByteBuffer? { fields[column] }

    func text(_ column: Int) -> String? { fields[column].map { String(buffer: $0) } }

    /// A smallint, integer or bigint.
    func integer(_ column: Int) -> Int? {
        guard let field = fields[column] else { return nil }
        return switch field.readableBytes {
        case 2: field.getInteger(at: field.readerIndex, as: Int16.self).map(Int.init)
        case 4: field.getInteger(at: field.readerIndex, as: Int32.self).map(Int.init)
        default: field.getInteger(at: field.readerIndex, as: Int64.self).map(Int.init)
        }
    }
}
