/// A message as uninterpreted wire bytes: for proxies, probes and measurements that must not decode.
public struct RawMessage: Message {
    /// The encoded message.
    public var bytes: [UInt8]
    /// Always empty: nothing is interpreted, so nothing is unknown.
    public var unknownFields: UnknownFields {
        get { UnknownFields() }
        set { _ = newValue }
    }
    /// Empty: the type is not known.
    public static var fullName: String { "" }

    /// An empty message.
    public init() { bytes = [] }
    /// - Parameter bytes: an encoded message, trusted to be one.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    public func encode(into buffer: inout ByteBuffer) { buffer.append(bytes) }

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        reader.readRemaining(into: &bytes)
    }
}
