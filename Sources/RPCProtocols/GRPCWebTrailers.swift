public import RPCModel

/// The trailers of a gRPC-Web call, which are the payload of its last frame: a line for each field.
///
/// | part | bytes |
/// |---|---|
/// | each field | lower-case name, `: `, value, CR LF |
///
/// No blank line ends them.
/// - Spec: gRPC PROTOCOL-WEB.md, "Message framing".
public enum GRPCWebTrailers {
    /// The bit of a frame's flags that marks trailers.
    public static let flag: UInt8 = 0x80
    /// Longest block that is read, in bytes. gRPC's libraries accept 8 to 16 KiB of trailers; a status here may have
    /// details beyond that, because no header limit applies.
    public static let bytesMax = 256 * 1024

    public static func write(_ fields: HTTPFields) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields.all { bytes += Array("\(field.name): \(field.value)\r\n".utf8) }
        return bytes
    }

    /// Reads a block, with names of any case and lines that end with LF alone.
    ///
    /// - Throws: `INTERNAL` for a line without a colon or with an empty name, `RESOURCE_EXHAUSTED` for a block longer
    ///   than ``bytesMax``: the peer's fault.
    public static func read(_ block: [UInt8]) throws(RPCError) -> HTTPFields {
        guard block.count <= bytesMax else {
            throw RPCError(
                .resourceExhausted, "trailers of \(block.count) bytes exceed the limit of \(bytesMax) bytes")
        }
        var fields = HTTPFields()
        for line in block.split(separator: UInt8(ascii: "\n")) {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty { continue }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw RPCError(.internal, "a line of the response's trailers has no name")
            }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            fields.append(name, String(decoding: trimmed(line[(colon + 1)...]), as: UTF8.self))
        }
        return fields
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var value = value.drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        return value
    }
}
