/// Another form of a call's messages than protobuf's wire format, such as JSON.
///
/// A ``CallStream`` applies it where messages are decoded and encoded: after the call was admitted, because reading
/// text costs a multiple of reading wire bytes, and before compression.
public final class MessageTranscoder: Sendable {
    /// The wire bytes of a received message; throws the status of the call.
    let decode: @Sendable ([UInt8]) throws(RPCError) -> [UInt8]
    /// The form of a message to send; throws what the writer of the message gets.
    let encode: @Sendable ([UInt8]) throws(RPCError) -> [UInt8]

    /// - Parameters:
    ///   - decode: makes wire bytes of a received message, or throws the status of the call.
    ///   - encode: makes the form of a message to send of its wire bytes, or throws what its writer gets.
    public init(
        decode: @escaping @Sendable ([UInt8]) throws(RPCError) -> [UInt8],
        encode: @escaping @Sendable ([UInt8]) throws(RPCError) -> [UInt8]
    ) {
        self.decode = decode
        self.encode = encode
    }
}
