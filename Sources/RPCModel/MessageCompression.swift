public import ProtobufWire

/// A compression of single messages, as `grpc-encoding` names it. Each message has a context of its own.
///
/// The port through which the pure layer reaches zlib.
/// - Spec: gRPC doc/compression.md.
@safe
public final class MessageCompression: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        /// The bytes are not what the algorithm writes: the peer's fault.
        case corrupt
        /// The message grows past the limit; unpacking stopped there.
        case tooLarge(limit: Int)
    }

    /// Wire name, such as `gzip`.
    public let name: String
    /// Appends the packed form of the bytes.
    public let compress: @Sendable (UnsafeRawBufferPointer, inout ByteBuffer) -> Void
    /// Appends the unpacked form, at most `limit` bytes of it.
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
