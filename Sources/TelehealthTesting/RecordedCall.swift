public import ProtobufWire
public import RPCModel

/// A call that a ``ScriptedService`` was asked.
public struct RecordedCall: Sendable {
    public let method: MethodDescriptor
    /// What the client sent beside its request.
    public let metadata: Metadata
    let bytes: [UInt8]

    /// The token of `authorization`; nil without one.
    public var bearerToken: String? {
        guard let value = metadata["authorization"], value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst("Bearer ".count))
    }

    /// The request as a message of its method's type.
    ///
    /// - Throws: ``WireError`` for bytes that are not of this type.
    public func request<Request: Message>(_ type: Request.Type = Request.self) throws(WireError) -> Request {
        try Request(decoding: bytes)
    }
}
