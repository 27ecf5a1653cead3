/// `content-type` of gRPC: `application/grpc`, alone or with a subformat.
public enum GRPCContentType {
    public static let value: StaticString = "application/grpc"
    private static let prefix = [UInt8]("application/grpc".utf8)

    /// Whether the value is gRPC's: the type itself, or followed by `+subformat` or `;parameter`.
    /// `application/grpc-web` is a different protocol.
    /// - Spec: PROTOCOL-HTTP2.md, "Content-Type".
    public static func isGRPC(_ value: Span<UInt8>) -> Bool {
        guard value.count >= prefix.count else { return false }
        for index in prefix.indices where value[index] | 0x20 != prefix[index] | 0x20 { return false }
        guard value.count > prefix.count else { return true }
        let next = value[prefix.count]
        return next == 0x2B || next == 0x3B || next == 0x20
    }
}
