internal import ProtobufWire
internal import RPCModel

/// The prefix of a message in the streams of all protocols: flags, and a length of four bytes.
///
/// | bit | gRPC | gRPC-Web | Connect |
/// |---|---|---|---|
/// | 0x01 | compressed | compressed | compressed |
/// | 0x02 | | | end of stream |
/// | 0x80 | | trailers | |
///
/// Every other bit is reserved.
enum Envelope {
    static let compressed = MessageDeframer.compressedFlag

    /// - Precondition: the payload has fewer than 4 GiB, which its writer's limits hold.
    static func append(flags: UInt8, _ payload: [UInt8], to bytes: inout [UInt8]) {
        let count = UInt32(truncatingIfNeeded: payload.count)
        bytes.reserveCapacity(bytes.count + MessageDeframer.prefixByteCount + payload.count)
        bytes.append(flags)
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        bytes += payload
    }
}

extension MessageCompression {
    func packed(_ bytes: [UInt8]) -> [UInt8] {
        var packed = ByteBuffer()
        unsafe bytes.withUnsafeBytes { unsafe compress($0, &packed) }
        return [UInt8](packed)
    }

    /// - Throws: `INTERNAL` for bytes that are not valid for the algorithm, `RESOURCE_EXHAUSTED` beyond `limit`.
    func unpacked(_ bytes: [UInt8], limit: Int) throws(RPCError) -> [UInt8] {
        var plain = ByteBuffer()
        do throws(Failure) {
            try unsafe bytes.span.bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(Failure) in
                try unsafe decompress(bytes, &plain, limit)
            }
        } catch {
            switch error {
            case .corrupt: throw RPCError(.internal, "cannot decompress a message as \(name)")
            case .tooLarge(let limit):
                throw RPCError(
                    .resourceExhausted, "a message exceeds the limit of \(limit) bytes when decompressed")
            }
        }
        return [UInt8](plain)
    }
}
