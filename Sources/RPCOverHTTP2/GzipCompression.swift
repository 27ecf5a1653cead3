internal import CZlib
internal import ProtobufWire
public import RPCModel

extension MessageCompression {
    /// `gzip` over zlib, one stream per message.
    ///
    /// Unpacking stops at the limit, before the byte that would pass it is stored: a bomb costs `limit` bytes
    /// at most.
    /// - Spec: RFC 1952; gRPC doc/compression.md.
    public static let gzip = MessageCompression(
        name: "gzip", compress: { bytes, output in pack(bytes, into: &output) },
        decompress: { (bytes, output, limit) throws(Failure) in try unpack(bytes, into: &output, limit: limit)
        })

    /// 15 window bits, and 16 more for the gzip wrapper (zlib.h, `deflateInit2`).
    private static let gzipWindowBits: Int32 = 15 + 16
    /// Memory level 8 is zlib's default.
    private static let memoryLevel: Int32 = 8
    /// Level 1: packing happens on the event loop, and the higher levels cost a multiple for a few percent.
    private static let compressionLevel: Int32 = 1
    private static let chunkByteCount = 16 * 1024

    private static func pack(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        var stream = z_stream()
        let started = telehealth_deflate_init2(&stream, compressionLevel, gzipWindowBits, memoryLevel)
        // Constant arguments: only an allocation can fail, and Swift's own allocations end the process then
        // too.
        precondition(started == Z_OK, "zlib cannot start compressing: \(started)")
        defer { deflateEnd(&stream) }
        // zlib does not write through `next_in`; its type merely lacks the const.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        output.appendUninitialized(maximumCount: bound) { room in
            stream.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(room.count)
            let ended = deflate(&stream, Z_FINISH)
            precondition(ended == Z_STREAM_END, "deflateBound returned too small a size: \(ended)")
            return room.count - Int(stream.avail_out)
        }
    }

    private static func unpack(
        _ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer, limit: Int
    ) throws(Failure) {
        var stream = z_stream()
        let started = telehealth_inflate_init2(&stream, gzipWindowBits)
        precondition(started == Z_OK, "zlib cannot start decompressing: \(started)")
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        var result = Z_OK
        while result == Z_OK {
            // One byte more than the limit leaves room to notice that there is more.
            let room = min(chunkByteCount, limit - output.count + 1)
            output.appendUninitialized(maximumCount: room) { buffer in
                stream.next_out = buffer.assumingMemoryBound(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(buffer.count)
                result = inflate(&stream, Z_NO_FLUSH)
                return buffer.count - Int(stream.avail_out)
            }
            guard output.count <= limit else { throw .tooLarge(limit: limit) }
        }
        guard result == Z_STREAM_END, stream.avail_in == 0 else { throw .corrupt }
    }
}
