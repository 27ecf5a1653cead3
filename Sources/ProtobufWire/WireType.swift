/// One of protobuf's field types: its representation in Swift and on the wire.
///
/// The conforming types have no values; generated code names them, so that one generic reader and writer per field
/// shape (singular, repeated, packed, map) serves every type and is specialized where it is used.
public protocol WireType {
    /// The Swift type of a field.
    associatedtype Value: Sendable & Hashable
    /// The wire type of an unpacked value.
    static var format: WireFormat { get }
    /// The value of an absent field.
    static var initial: Value { get }
    /// Appends a value without its tag.
    static func write(_ value: Value, to buffer: inout ByteBuffer)
    /// Reads a value after its tag into `value`, which is replaced, or merged if a message.
    static func read(_ value: inout Value, from reader: inout WireReader) throws(WireError)
}

/// `int32`, ten bytes when negative; longer numbers are reduced to their low 32 bits, as the encoding requires.
public enum WireInt32: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Int32 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int32, to buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(bitPattern: Int64(value)))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int32, from reader: inout WireReader) throws(WireError) {
        value = Int32(truncatingIfNeeded: try reader.readVarint())
    }
}

/// `int64`.
public enum WireInt64: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Int64 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int64, to buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(bitPattern: value))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int64, from reader: inout WireReader) throws(WireError) {
        value = Int64(bitPattern: try reader.readVarint())
    }
}

/// `uint32`.
public enum WireUInt32: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: UInt32 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: UInt32, to buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(value))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout UInt32, from reader: inout WireReader) throws(WireError) {
        value = UInt32(truncatingIfNeeded: try reader.readVarint())
    }
}

/// `uint64`.
public enum WireUInt64: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: UInt64 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: UInt64, to buffer: inout ByteBuffer) {
        buffer.writeVarint(value)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout UInt64, from reader: inout WireReader) throws(WireError) {
        value = try reader.readVarint()
    }
}

/// `sint32`: zigzag.
public enum WireSInt32: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Int32 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int32, to buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(UInt32(bitPattern: value &<< 1 ^ value &>> 31)))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int32, from reader: inout WireReader) throws(WireError) {
        let raw = UInt32(truncatingIfNeeded: try reader.readVarint())
        value = Int32(bitPattern: raw &>> 1) ^ -Int32(bitPattern: raw & 1)
    }
}

/// `sint64`: zigzag.
public enum WireSInt64: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Int64 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int64, to buffer: inout ByteBuffer) {
        buffer.writeVarint(UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int64, from reader: inout WireReader) throws(WireError) {
        let raw = try reader.readVarint()
        value = Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1)
    }
}

/// `fixed32`.
public enum WireFixed32: WireType {
    @inlinable public static var format: WireFormat { .fixed32 }
    @inlinable public static var initial: UInt32 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: UInt32, to buffer: inout ByteBuffer) { buffer.writeFixed32(value) }
    @inlinable @inline(__always)
    public static func read(_ value: inout UInt32, from reader: inout WireReader) throws(WireError) {
        value = try reader.readFixed32()
    }
}

/// `fixed64`.
public enum WireFixed64: WireType {
    @inlinable public static var format: WireFormat { .fixed64 }
    @inlinable public static var initial: UInt64 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: UInt64, to buffer: inout ByteBuffer) { buffer.writeFixed64(value) }
    @inlinable @inline(__always)
    public static func read(_ value: inout UInt64, from reader: inout WireReader) throws(WireError) {
        value = try reader.readFixed64()
    }
}

/// `sfixed32`.
public enum WireSFixed32: WireType {
    @inlinable public static var format: WireFormat { .fixed32 }
    @inlinable public static var initial: Int32 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int32, to buffer: inout ByteBuffer) {
        buffer.writeFixed32(UInt32(bitPattern: value))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int32, from reader: inout WireReader) throws(WireError) {
        value = Int32(bitPattern: try reader.readFixed32())
    }
}

/// `sfixed64`.
public enum WireSFixed64: WireType {
    @inlinable public static var format: WireFormat { .fixed64 }
    @inlinable public static var initial: Int64 { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Int64, to buffer: inout ByteBuffer) {
        buffer.writeFixed64(UInt64(bitPattern: value))
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Int64, from reader: inout WireReader) throws(WireError) {
        value = Int64(bitPattern: try reader.readFixed64())
    }
}

/// `float`.
public enum WireFloat: WireType {
    @inlinable public static var format: WireFormat { .fixed32 }
    @inlinable public static var initial: Float { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Float, to buffer: inout ByteBuffer) {
        buffer.writeFixed32(value.bitPattern)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Float, from reader: inout WireReader) throws(WireError) {
        value = Float(bitPattern: try reader.readFixed32())
    }
}

/// `double`.
public enum WireDouble: WireType {
    @inlinable public static var format: WireFormat { .fixed64 }
    @inlinable public static var initial: Double { 0 }
    @inlinable @inline(__always)
    public static func write(_ value: Double, to buffer: inout ByteBuffer) {
        buffer.writeFixed64(value.bitPattern)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Double, from reader: inout WireReader) throws(WireError) {
        value = Double(bitPattern: try reader.readFixed64())
    }
}

/// `bool`: any number but 0 is true.
public enum WireBool: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Bool { false }
    @inlinable @inline(__always)
    public static func write(_ value: Bool, to buffer: inout ByteBuffer) { buffer.append(value ? 1 : 0) }
    @inlinable @inline(__always)
    public static func read(_ value: inout Bool, from reader: inout WireReader) throws(WireError) {
        value = try reader.readVarint() != 0
    }
}

/// `string`: refused when not UTF-8.
public enum WireString: WireType {
    @inlinable public static var format: WireFormat { .lengthDelimited }
    @inlinable public static var initial: String { "" }
    @inlinable @inline(__always)
    public static func write(_ value: String, to buffer: inout ByteBuffer) {
        buffer.writeDelimited(value)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout String, from reader: inout WireReader) throws(WireError) {
        value = try reader.readString()
    }
}

/// `bytes`.
public enum WireBytes: WireType {
    @inlinable public static var format: WireFormat { .lengthDelimited }
    @inlinable public static var initial: [UInt8] { [] }
    @inlinable @inline(__always)
    public static func write(_ value: [UInt8], to buffer: inout ByteBuffer) {
        buffer.writeDelimited(value.span)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout [UInt8], from reader: inout WireReader) throws(WireError) {
        value = try reader.readBytes()
    }
}

/// An open enum: numbers without a case are kept.
public enum WireEnum<Value: ProtobufEnum>: WireType {
    @inlinable public static var format: WireFormat { .varint }
    @inlinable public static var initial: Value { Value(rawValue: 0) }
    @inlinable @inline(__always)
    public static func write(_ value: Value, to buffer: inout ByteBuffer) {
        WireInt32.write(value.rawValue, to: &buffer)
    }
    @inlinable @inline(__always)
    public static func read(_ value: inout Value, from reader: inout WireReader) throws(WireError) {
        value = Value(rawValue: Int32(truncatingIfNeeded: try reader.readVarint()))
    }
}

/// A message as the value of a map.
public enum WireMessage<Value: Message>: WireType {
    @inlinable public static var format: WireFormat { .lengthDelimited }
    @inlinable public static var initial: Value { Value() }
    @inlinable
    public static func write(_ value: Value, to buffer: inout ByteBuffer) {
        buffer.writeDelimited { value.encode(into: &$0) }
    }
    @inlinable
    public static func read(_ value: inout Value, from reader: inout WireReader) throws(WireError) {
        try reader.readMessage(&value)
    }
}
