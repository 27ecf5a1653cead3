/// Fields a message does not know, as their wire bytes in arrival order.
public struct UnknownFields: Hashable, Sendable {
    /// Tags and values, as they are written back.
    public var bytes: [UInt8]

    /// No unknown field.
    @inlinable
    public init() { bytes = [] }

    /// True when there is none.
    @inlinable public var isEmpty: Bool { bytes.isEmpty }

    /// Appends one field.
    ///
    /// - Parameters:
    ///   - tag: the field's tag, written in its shortest form.
    ///   - value: the wire bytes after the tag, for a group up to and including its end tag.
    @usableFromInline
    mutating func append(tag: UInt32, value: UnsafeRawBufferPointer) {
        var rest = tag
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
        unsafe bytes.append(contentsOf: value)
    }

    /// Appends one length-delimited field: a map entry whose enum number has no case in a closed enum.
    public mutating func append(field: UInt32, delimited value: [UInt8]) {
        var buffer = ByteBuffer()
        buffer.write(field, value, as: WireBytes.self)
        unsafe buffer.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends one varint field: an enum number that a closed enum has no case for.
    public mutating func append(field: UInt32, varint: UInt64) {
        var buffer = ByteBuffer()
        buffer.writeTag(field, .varint)
        buffer.writeVarint(varint)
        unsafe buffer.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
}

extension ByteBuffer {
    /// Writes fields back that were kept on reading.
    @inlinable @inline(__always)
    public mutating func writeUnknown(_ fields: UnknownFields) {
        if !fields.isEmpty { append(fields.bytes) }
    }
}
