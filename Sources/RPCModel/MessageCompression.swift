public import ProtobufWire

/// A compression of single messages, as `grpc-encoding` names it. Each message has its own context.
///
/// The pure layer uses zlib through this type.
/// - Spec: gRPC doc/compression.md.
@safe
public final class MessageCompression: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        /// The bytes are not valid for the algorithm: the peer's fault.
        case corrupt
        /// The decompressed message exceeds the limit; decompression stopped there.
        case tooLarge(limit: Int)
    }

    /// Wire name, such as `gzip`.
    public let name: String
    /// Appends the compressed bytes.
    public let compress: @Sendable (UnsafeRawBufferPointer, inout ByteBuffer) -> Void
    /// Appends the decompressed bytes, at most `limit` of them.
    public let decompress:
        @Sendable (UnsafeRawBufferPointer, inout ByteBuffer, _ limit: Int) throws(Failure) -> Void

    public init(
        name: String,
        compress: @escaping @Sendable (UnsafeRawBufferPointer, inout ByteBuffer) -> Void,
        decompress:
            @escaping @Sendable (UnsafeRawBufferPointer, inout ByteBuffer, _ limit: Int) throws(Failure) ->
            Void
    ) {
        self.name = name
        unsafe self.compress = compress
        unsafe self.decompress = decompress
    }
}
