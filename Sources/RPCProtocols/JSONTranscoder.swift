public import ProtobufReflection
public import RPCModel

/// Between the JSON of a method's messages and their wire bytes, by its descriptors.
///
/// Unknown members are ignored when read: a page that is older or newer than the server keeps working.
/// - Spec: protobuf.dev/programming-guides/json.
public struct JSONTranscoder: Sendable {
    private let request: MessageDescriptor
    private let response: MessageDescriptor

    private static let reading = JSONDecodingOptions(ignoresUnknownFields: true)

    /// - Returns: `nil` when the pool does not have the method.
    public init?(_ method: MethodDescriptor, in pool: DescriptorPool) {
        guard let described = pool.service(named: method.service)?.method(named: method.name) else {
            return nil
        }
        request = described.input
        response = described.output
    }

    /// - Throws: `INVALID_ARGUMENT` with the path of the member at fault: the client's fault.
    public func requestBytes(ofJSON json: [UInt8]) throws(RPCError) -> [UInt8] {
        try Self.bytes(ofJSON: json, request, otherwise: .invalidArgument)
    }

    /// - Throws: `INTERNAL`: the server's fault.
    public func responseBytes(ofJSON json: [UInt8]) throws(RPCError) -> [UInt8] {
        try Self.bytes(ofJSON: json, response, otherwise: .internal)
    }

    /// - Throws: `INTERNAL` for a message without a form in JSON, such as a timestamp out of range.
    public func json(ofRequest bytes: [UInt8]) throws(RPCError) -> [UInt8] {
        try Self.json(of: bytes, request)
    }

    /// - Throws: as ``json(ofRequest:)``.
    public func json(ofResponse bytes: [UInt8]) throws(RPCError) -> [UInt8] {
        try Self.json(of: bytes, response)
    }

    /// For the stream of a server's call.
    public var ofServer: MessageTranscoder {
        MessageTranscoder(
            decode: { json throws(RPCError) in try requestBytes(ofJSON: json) },
            encode: { message throws(RPCError) in try json(ofResponse: message) })
    }

    private static func bytes(
        ofJSON json: [UInt8], _ type: MessageDescriptor, otherwise code: RPCError.Code
    ) throws(RPCError) -> [UInt8] {
        guard let text = String(validating: json, as: UTF8.self) else {
            throw RPCError(code, "the message is not UTF-8, which JSON must be")
        }
        do throws(JSONError) {
            return try DynamicMessage(type, json: text, options: reading).encodedBytes()
        } catch {
            throw RPCError(code, "cannot read \(type.fullName) from JSON: \(error)")
        }
    }

    private static func json(of bytes: [UInt8], _ type: MessageDescriptor) throws(RPCError) -> [UInt8] {
        guard let message = try? DynamicMessage(type, decoding: bytes) else {
            throw RPCError(.internal, "cannot decode \(type.fullName)")
        }
        do throws(JSONError) {
            return Array(try message.jsonText().utf8)
        } catch {
            throw RPCError(.internal, "cannot write \(type.fullName) as JSON: \(error)")
        }
    }
}
