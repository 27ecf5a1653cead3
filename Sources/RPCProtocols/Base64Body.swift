public import RPCModel
internal import TextFormats

/// Reads a body of base64 texts, each with its own padding, one after the other: the body of gRPC-Web's text form.
///
/// Holds at most three digits between calls.
/// - Spec: gRPC PROTOCOL-WEB.md, "Protocol differences": padding may occur inside the body, where a flush ended.
public struct Base64BodyReader: Sendable {
    private var group: [UInt8] = []

    public init() { group.reserveCapacity(4) }

    /// Appends the bytes of every complete group of four digits.
    ///
    /// - Throws: `INTERNAL` for a group that is not base64: the peer's fault. The reader must be dropped then.
    /// - Complexity: O(chunk).
    public mutating func receive(_ chunk: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(RPCError)
    {
        bytes.reserveCapacity(bytes.count + (group.count + chunk.count) / 4 * 3)
        for index in 0..<chunk.count {
            group.append(unsafe chunk[index])
            guard group.count == 4 else { continue }
            guard let decoded = Base64.standard.decode(group) else { throw Self.notBase64 }
            bytes += decoded
            group.removeAll(keepingCapacity: true)
        }
    }

    /// - Throws: `INTERNAL` when the body ended inside a group.
    public func end() throws(RPCError) {
        guard group.isEmpty else { throw Self.notBase64 }
    }

    private static let notBase64 = RPCError(
        .internal, "the body is not base64 with padding, as its content type says")
}

/// Writes the text of one flush: all of its bytes, with padding, so that a reader has them at once.
enum Base64BodyWriter {
    static func text(_ bytes: [UInt8]) -> [UInt8] { Base64.standard.encode(bytes) }
}
